/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Memory for lcms2 that tells whether it was short.
 */
#include "image/ivl-profile-memory.h"

#include <lcms2_plugin.h>
#include <stdlib.h>

/* lcms2's own limit, beyond which a profile is damaged. */
#define MAX_BYTES (512u * 1024 * 1024)

static void *
note (cmsContext  context,
      void       *memory)
{
  gboolean *lacking = cmsGetContextUserData (context);

  if (memory == NULL && lacking != NULL)
    *lacking = TRUE;
  return memory;
}

static void *
allocate (cmsContext      context,
          cmsUInt32Number size)
{
  return size <= MAX_BYTES ? note (context, malloc (MAX (size, 1))) : NULL;
}

static void *
reallocate (cmsContext       context,
            void            *memory,
            cmsUInt32Number  size)
{
  return size <= MAX_BYTES ? note (context, realloc (memory, MAX (size, 1))) : NULL;
}

static void
release (cmsContext  context,
         void       *memory)
{
  free (memory);
}

cmsContext
ivl_profile_memory_new_context (gboolean *lacking)
{
  static cmsPluginMemHandler plugin = {
    { cmsPluginMagicNumber, 2000, cmsPluginMemHandlerSig, NULL }, allocate, release, reallocate,
    NULL, NULL, NULL,
  };
  const cmsContext context = cmsCreateContext (&plugin, lacking);

  if (context == NULL)
    *lacking = TRUE;
  return context;
}
