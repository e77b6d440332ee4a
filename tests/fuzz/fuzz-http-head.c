/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A head and its body, as one whole and byte by byte: both must be read alike. */
#include "server/ivl-access.h"
#include "server/ivl-http-body.h"
#include "server/ivl-http-head.h"

#include <string.h>

#include "fuzz-target.h"

#define MAX_BODY 4096

/* Ends the run: what was found to be wrong is no error of the input. */
static void
expect (gboolean is_so)
{
  if (!is_so)
    __builtin_trap ();
}

static gboolean
find_end (const char     *bytes,
          gsize           n,
          gsize           step,
          gsize          *end,
          IvlHttpRefusal *refusal)
{
  gsize checked = 0;

  *end = 0;
  for (gsize known = MIN (step, n);; known = MIN (known + step, n))
    {
      if (!ivl_http_head_find_end (bytes, known, &checked, end, refusal))
        return FALSE;
      if (*end > 0 || known == n)
        return TRUE;
    }
}

static gboolean
read_body (IvlHttpBody       *body,
           const IvlHttpHead *head,
           const char        *bytes,
           gsize              n,
           gsize              step,
           IvlHttpRefusal    *refusal)
{
  gsize used = 0;

  if (!ivl_http_body_init (body, head, MAX_BODY, refusal))
    return FALSE;
  while (used < n && !body->is_complete)
    {
      gsize taken;

      if (!ivl_http_body_push (body, bytes + used, MIN (step, n - used), &taken, refusal))
        return FALSE;
      expect (taken > 0);
      used += taken;
    }
  expect (body->n <= MAX_BODY);
  return TRUE;
}

static void
compare_bodies (const IvlHttpHead *head,
                const char        *bytes,
                gsize              n)
{
  IvlHttpBody whole = { 0 };
  IvlHttpBody pieces = { 0 };
  IvlHttpRefusal refusals[2] = { { 0 }, { 0 } };
  gboolean is_good = read_body (&whole, head, bytes, n, MAX (n, 1), &refusals[0]);

  expect (is_good == read_body (&pieces, head, bytes, n, 1, &refusals[1]));
  expect (refusals[0].status == refusals[1].status);
  expect (is_good == (refusals[0].status == 0));
  if (is_good)
    {
      expect (whole.n == pieces.n && whole.is_complete == pieces.is_complete);
      expect (whole.n == 0 || memcmp (whole.bytes, pieces.bytes, whole.n) == 0);
    }
  ivl_http_body_clear (&whole);
  ivl_http_body_clear (&pieces);
}

static void
check_head (const IvlHttpHead *head)
{
  g_autoptr (IvlAccess) access = ivl_access_new (NULL, "localhost", FALSE);
  IvlHttpRefusal refusal = { 0 };

  expect (head->fields->len <= IVL_HTTP_HEAD_MAX_FIELDS);
  expect (head->path[0] == '/' && head->minor <= 1);
  expect (head->host != NULL || head->minor == 0);
  for (guint i = 0; i < head->fields->len; i++)
    {
      const IvlHttpField *field = &g_array_index (head->fields, IvlHttpField, i);

      expect (strpbrk (field->name, " \t\r\n:") == NULL && *field->name != '\0');
      expect (strpbrk (field->value, "\r\n") == NULL);
    }
  expect (ivl_access_check_origin (access, head, &refusal) == (refusal.status == 0));
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  const char *bytes = (const char *) data;
  IvlHttpRefusal refusals[2] = { { 0 }, { 0 } };
  g_autoptr (IvlHttpHead) head = NULL;
  gsize end, other;
  gboolean is_good = find_end (bytes, size, MAX (size, 1), &end, &refusals[0]);

  expect (is_good == find_end (bytes, size, 1, &other, &refusals[1]));
  expect (refusals[0].status == refusals[1].status && end == other);
  if (!is_good || end == 0)
    return 0;
  head = ivl_http_head_parse (bytes, end, &refusals[0]);
  expect ((head != NULL) == (refusals[0].status == 0));
  if (head == NULL)
    return 0;
  check_head (head);
  compare_bodies (head, bytes + end, size - end);
  return 0;
}
