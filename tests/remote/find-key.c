/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Finds the API key for a location and says where it was, as a program that opens it does. Prints
 * the key: for tests only. Usage: find-key LOCATION [KEY to store first; "" takes away]
 */
#include "engines/ivl-api-key.h"

#include <stdio.h>

int
main (int    argc,
      char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlRemote) remote = NULL;
  g_autofree char *source = NULL;
  char *key = NULL;

  if (argc != 2 && argc != 3)
    return 2;
  remote = ivl_remote_parse (argv[1], &error);
  if (remote != NULL && argc == 3)
    ivl_api_key_store (remote, *argv[2] != '\0' ? argv[2] : NULL, NULL, &error);
  if (remote != NULL && error == NULL)
    key = ivl_api_key_find (remote, NULL, &error);
  if (remote != NULL && error == NULL)
    source = ivl_api_key_find_source (remote, NULL, &error);
  if (error != NULL)
    printf ("error: %s\n", error->message);
  else
    printf ("%s: %s\n", source != NULL ? source : "nowhere", key != NULL ? key : "none");
  ivl_api_key_free (key);
  return error != NULL;
}
