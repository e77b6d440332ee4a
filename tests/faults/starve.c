/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Work for which memory runs out at each of its larger allocations in turn.
 */
#include "starve.h"

#include <sys/wait.h>
#include <unistd.h>

#include "fault-preload.h"

enum
{
  NO_REASON = 4, /* the exit status of a child whose work failed without an error */
};

void
starve (StarveWork  work,
        const char *what,
        guint       least_bytes)
{
  for (guint n = 1; n < 500; n++)
    {
      const pid_t child = fork ();
      int status;

      if (child == 0)
        {
          g_autoptr (GError) error = NULL;
          g_autofree char *rule = g_strdup_printf ("malloc:%u:%u:12", least_bytes, n);
          gboolean done;
          int met;

          fault_set (rule);
          done = work (&error);
          met = fault_count ();
          fault_set (NULL);
          if (!done && error == NULL)
            _exit (NO_REASON);
          _exit (met == 0 ? 0 : done ? 1 : 2);
        }
      g_assert_cmpint (waitpid (child, &status, 0), ==, child);
      if (!WIFEXITED (status) || WEXITSTATUS (status) > 2)
        g_test_message ("%s: allocation %u: status %d", what, n, status);
      g_assert_true (WIFEXITED (status) && WEXITSTATUS (status) <= 2);
      if (WEXITSTATUS (status) == 0)
        {
          g_test_message ("%s: %u allocations of %u bytes and more", what, n - 1, least_bytes);
          return;
        }
    }
  g_assert_not_reached ();
}
