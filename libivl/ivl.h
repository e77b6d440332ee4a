/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#define IVL_INSIDE
#include <libivl/ivl-alt-text.h>
#include <libivl/ivl-bench.h>
#include <libivl/ivl-config.h>
#include <libivl/ivl-doctor.h>
#include <libivl/ivl-engine.h>
#include <libivl/ivl-error.h>
#include <libivl/ivl-file.h>
#include <libivl/ivl-finding.h>
#include <libivl/ivl-image.h>
#include <libivl/ivl-message.h>
#include <libivl/ivl-metadata.h>
#include <libivl/ivl-model.h>
#include <libivl/ivl-model-finder.h>
#include <libivl/ivl-model-info.h>
#include <libivl/ivl-options.h>
#include <libivl/ivl-region.h>
#include <libivl/ivl-reply.h>
#include <libivl/ivl-server.h>
#include <libivl/ivl-session.h>
#include <libivl/ivl-task.h>
#include <libivl/ivl-token.h>
#include <libivl/ivl-types.h>
#include <libivl/ivl-usage.h>
#undef IVL_INSIDE
