/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(IVL_INSIDE) && !defined(IVL_COMPILATION)
#error "Only <libivl/ivl.h> can be included directly."
#endif

#if defined(_WIN32) && defined(IVL_COMPILATION)
#define _IVL_EXTERN __declspec (dllexport) extern
#elif defined(_WIN32)
#define _IVL_EXTERN __declspec (dllimport) extern
#else
#define _IVL_EXTERN __attribute__ ((visibility ("default"))) extern
#endif

#define IVL_AVAILABLE_IN_ALL _IVL_EXTERN
