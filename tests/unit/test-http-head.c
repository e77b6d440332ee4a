/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Heads of HTTP requests: what they mean, and which have two meanings. */
#include "server/ivl-http-head.h"

#include <string.h>

/* Reads a head that is given byte by byte; NULL with the status that refuses it. */
static IvlHttpHead *
read_head (const char *text,
           gsize       n,
           guint      *status)
{
  IvlHttpRefusal refusal = { 0 };
  IvlHttpHead *head = NULL;
  gsize checked = 0;
  gsize end = 0;

  for (gsize known = 1; known <= n && end == 0; known++)
    if (!ivl_http_head_find_end (text, known, &checked, &end, &refusal))
      break;
  if (refusal.status == 0)
    {
      g_assert_cmpuint (end, ==, n);
      head = ivl_http_head_parse (text, n, &refusal);
    }
  *status = refusal.status;
  g_assert_true ((head == NULL) == (refusal.reason != NULL));
  return head;
}

static void
test_meaning (void)
{
  static const char text[] = "POST /v1/x%20y?query#rest HTTP/1.1\r\n"
                             "hOST:\t localhost:80 \t\r\n"
                             "Content-Length: 0012\r\n"
                             "Empty:\r\n"
                             "Accept: a\r\n"
                             "accept: b\r\n"
                             "Expect: 100-Continue\r\n\r\n";
  guint status;
  g_autoptr (IvlHttpHead) head = read_head (text, strlen (text), &status);

  g_assert_nonnull (head);
  g_assert_cmpstr (head->method, ==, "POST");
  g_assert_cmpstr (head->path, ==, "/v1/x%20y");
  g_assert_cmpstr (head->host, ==, "localhost:80");
  g_assert_cmpuint (head->minor, ==, 1);
  g_assert_cmpint (head->framing, ==, IVL_HTTP_BODY_LENGTH);
  g_assert_cmpuint (head->content_length, ==, 12);
  g_assert_true (head->keeps_alive);
  g_assert_true (head->expects_continue);
  g_assert_cmpstr (ivl_http_head_get (head, "empty"), ==, "");
  g_assert_cmpstr (ivl_http_head_get (head, "accept"), ==, "a");
  g_assert_null (ivl_http_head_get (head, "absent"));
}

static void
test_connection (void)
{
  static const struct
  {
    const char *version;
    const char *fields;
    gboolean    keeps_alive;
  } cases[] = {
    { "1.1", "", TRUE },
    { "1.1", "Connection: close\r\n", FALSE },
    { "1.1", "Connection: x, CLOSE\r\n", FALSE },
    { "1.1", "Connection: x\r\nConnection: close\r\n", FALSE },
    { "1.1", "Connection: close\r\nConnection: keep-alive\r\n", FALSE },
    { "1.1", "Connection: closed\r\n", TRUE },
    { "1.0", "", FALSE },
    { "1.0", "Connection: Keep-Alive\r\n", TRUE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = g_strdup_printf ("GET / HTTP/%s\r\nHost: a\r\n%s\r\n",
                                               cases[i].version, cases[i].fields);
      guint status;
      g_autoptr (IvlHttpHead) head = read_head (text, strlen (text), &status);

      g_assert_nonnull (head);
      g_assert_cmpint (head->keeps_alive, ==, cases[i].keeps_alive);
      g_assert_cmpint (head->framing, ==, IVL_HTTP_BODY_NONE);
    }
}

static void
test_refused (void)
{
  static const struct
  {
    guint       status;
    const char *text;
  } cases[] = {
    { 400, "GET / HTTP/1.1\r\n\r\n" },
    { 400, "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n" },
    { 400, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n" },
    { 400, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n" },
    { 400, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1 1\r\n\r\n" },
    { 413, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551617\r\n\r\n" },
    { 400, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n" },
    { 400, "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n" },
    { 400, "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" },
    { 400, "GET / HTTP/1.1\r\nHost : a\r\n\r\n" },
    { 400, "GET / HTTP/1.1\r\n Host: a\r\n\r\n" },
    { 400, "GET / HTTP/1.1\r\nHost: a\r\n\tb\r\n\r\n" },
    { 400, "GET / HTTP/1.1\r\nHost: a\r\nnothing\r\n\r\n" },
    { 400, "GET / HTTP/1.1\r\nHost: a\r\nna\xc3\xa4me: x\r\n\r\n" },
    { 400, "GET / HTTP/1.1\nHost: a\n\n" },
    { 400, "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n" },
    { 400, "GET / HTTP/1.1\r\nHost: a\x7f\r\n\r\n" },
    { 400, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n" },
    { 400, "GET /\tx HTTP/1.1\r\nHost: a\r\n\r\n" },
    { 400, "GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n" },
    { 400, "GET x HTTP/1.1\r\nHost: a\r\n\r\n" },
    { 400, "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n" },
    { 400, "GET / HTTP/1.1 \r\nHost: a\r\n\r\n" },
    { 400, "GET / http/1.1\r\nHost: a\r\n\r\n" },
    { 400, "GET / HTTP/1.11\r\nHost: a\r\n\r\n" },
    { 505, "GET / HTTP/1.2\r\nHost: a\r\n\r\n" },
    { 400, "(x) / HTTP/1.1\r\nHost: a\r\n\r\n" },
    { 400, "AMETHODTHATISTOOLONG / HTTP/1.1\r\nHost: a\r\n\r\n" },
    { 417, "GET / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n" },
    { 415, "GET / HTTP/1.1\r\nHost: a\r\nContent-Encoding: br\r\n\r\n" },
    { 400, "\r\n" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      guint status;
      g_autoptr (IvlHttpHead) head = read_head (cases[i].text, strlen (cases[i].text), &status);

      g_test_message ("case %u", i);
      g_assert_null (head);
      g_assert_cmpuint (status, ==, cases[i].status);
    }
}

static void
test_nul (void)
{
  static const char text[] = "GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n";
  guint status;
  g_autoptr (IvlHttpHead) head = read_head (text, sizeof text - 1, &status);

  g_assert_null (head);
  g_assert_cmpuint (status, ==, 400);
}

/* The last head that fits, and the first that does not. */
static void
test_limits (void)
{
  static const char begin[] = "GET / HTTP/1.1\r\nHost: a\r\nX: ";

  for (guint more = 0; more < 2; more++)
    {
      g_autoptr (GString) text = g_string_new (begin);
      g_autoptr (IvlHttpHead) head = NULL;
      guint status;

      while (text->len < IVL_HTTP_HEAD_MAX_BYTES - 4 + more)
        g_string_append_c (text, 'x');
      g_string_append (text, "\r\n\r\n");
      head = read_head (text->str, text->len, &status);
      g_assert_cmpuint (status, ==, more == 0 ? 0 : 431);
    }
  for (guint n = IVL_HTTP_HEAD_MAX_FIELDS; n <= IVL_HTTP_HEAD_MAX_FIELDS + 1; n++)
    {
      g_autoptr (GString) text = g_string_new ("GET / HTTP/1.1\r\nHost: a\r\n");
      g_autoptr (IvlHttpHead) head = NULL;
      guint status;

      for (guint i = 1; i < n; i++)
        g_string_append (text, "a:\r\n");
      g_string_append (text, "\r\n");
      head = read_head (text->str, text->len, &status);
      g_assert_cmpuint (status, ==, n <= IVL_HTTP_HEAD_MAX_FIELDS ? 0 : 431);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http-head/meaning", test_meaning);
  g_test_add_func ("/http-head/connection", test_connection);
  g_test_add_func ("/http-head/refused", test_refused);
  g_test_add_func ("/http-head/nul", test_nul);
  g_test_add_func ("/http-head/limits", test_limits);
  return g_test_run ();
}
