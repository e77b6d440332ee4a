/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The last words of a process that crashes: which clients wait for an answer, and a signal handler
 * that gives them one. Everything that it touches is static, and it calls nothing that is not safe
 * in a signal handler.
 */
#include "server/ivl-crash-notice.h"

#include <signal.h>
#include <sys/socket.h>

#define MAX_REQUESTS 1024

#define HEAD(status, fields, length)                                                               \
  "HTTP/1.1 " status "\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n" fields    \
  "Connection: close\r\nContent-Length: " length "\r\n\r\n"

#define CULPRIT_BODY                                                                               \
  "{\"error\":{\"message\":\"The engine crashed on this request\",\"type\":\"server_error\","      \
  "\"param\":null,\"code\":\"engine_crashed\"}}"
#define CULPRIT_LENGTH "117"
#define BYSTANDER_BODY                                                                             \
  "{\"error\":{\"message\":\"The engine is being started again\",\"type\":\"unavailable_error\","  \
  "\"param\":null,\"code\":\"engine_restarts\"}}"
#define BYSTANDER_LENGTH "122"

static const char culprit_answer[] =
    HEAD ("500 Internal Server Error", "X-Should-Retry: false\r\n", CULPRIT_LENGTH) CULPRIT_BODY;
static const char bystander_answer[] =
    HEAD ("503 Service Unavailable", "Retry-After: 1\r\n", BYSTANDER_LENGTH) BYSTANDER_BODY;

G_STATIC_ASSERT (sizeof CULPRIT_BODY - 1 == 117);
G_STATIC_ASSERT (sizeof BYSTANDER_BODY - 1 == 122);

typedef struct
{
  gint    fd;     /* valid while number is not 0 */
  guint64 number; /* atomic; 0: free */
} Waiting;

static Waiting waiting[MAX_REQUESTS];
static guint64 n_added;  /* under the lock */
static GMutex lock;
static gint is_installed;
static gint has_crashed;

/* The request of this thread, which is to blame for a crash here; in a pass that several share, the
 * one that led it. Read in a signal handler, so it must not be made on first use. */
static __thread guint64 own __attribute__ ((tls_model ("initial-exec")));

static void
on_crash (int signal_number)
{
  if (g_atomic_int_compare_and_exchange (&has_crashed, FALSE, TRUE))
    for (guint i = 0; i < MAX_REQUESTS; i++)
      {
        guint64 number = __atomic_load_n (&waiting[i].number, __ATOMIC_ACQUIRE);

        if (number == 0)
          continue;
        if (number == own)
          send (waiting[i].fd, culprit_answer, sizeof culprit_answer - 1,
                MSG_DONTWAIT | MSG_NOSIGNAL);
        else
          send (waiting[i].fd, bystander_answer, sizeof bystander_answer - 1,
                MSG_DONTWAIT | MSG_NOSIGNAL);
      }
  /* The handler is gone by SA_RESETHAND: the process ends as it would have without it. */
  raise (signal_number);
}

void
ivl_crash_notice_install (void)
{
  static const int signals[] = { SIGSEGV, SIGABRT, SIGFPE, SIGILL };
  struct sigaction action = { .sa_handler = on_crash, .sa_flags = (int) SA_RESETHAND };

  g_atomic_int_set (&is_installed, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    sigaction (signals[i], &action, NULL);
}

/* Numbers name the place in the table and are never given twice. */
guint64
ivl_crash_notice_add (int fd)
{
  guint64 number = 0;

  if (!g_atomic_int_get (&is_installed))
    return 0;
  g_mutex_lock (&lock);
  for (guint i = 0; i < MAX_REQUESTS && number == 0; i++)
    if (__atomic_load_n (&waiting[i].number, __ATOMIC_RELAXED) == 0)
      {
        number = ++n_added * MAX_REQUESTS + i;
        waiting[i].fd = fd;
        __atomic_store_n (&waiting[i].number, number, __ATOMIC_RELEASE);
      }
  g_mutex_unlock (&lock);
  return number;
}

void
ivl_crash_notice_remove (guint64 number)
{
  guint64 expected = number;

  if (number != 0)
    __atomic_compare_exchange_n (&waiting[number % MAX_REQUESTS].number, &expected, 0, FALSE,
                                 __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

void
ivl_crash_notice_work_on (guint64 number)
{
  own = number;
}
