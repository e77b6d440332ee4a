/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ivl doctor: what is right and wrong here, and what to do about it. */
#include "cli-interrupt.h"
#include "cli-options.h"
#include "cli-output.h"
#include "cli-progress.h"

#include <glib/gi18n.h>

static const char *const severity_names[] = {
  [IVL_SEVERITY_OK] = "ok",
  [IVL_SEVERITY_WARNING] = "warning",
  [IVL_SEVERITY_PROBLEM] = "problem",
};

static const char *const severity_titles[] = {
  [IVL_SEVERITY_OK] = N_ ("ok"),
  [IVL_SEVERITY_WARNING] = N_ ("warning"),
  [IVL_SEVERITY_PROBLEM] = N_ ("problem"),
};

static void
show_json (IvlFinding *finding)
{
  const char *advice = ivl_finding_get_advice (finding);

  cli_output_json (
      json_pack ("{s:s, s:o, s:o, s:o}",
                 "severity", severity_names[ivl_finding_get_severity (finding)],
                 "subject", cli_output_json_string (ivl_finding_get_subject (finding)),
                 "message", cli_output_json_string (ivl_finding_get_message (finding)),
                 "advice", advice != NULL ? cli_output_json_string (advice) : json_null ()));
}

static void
show_text (IvlFinding *finding)
{
  const char *title = _ (severity_titles[ivl_finding_get_severity (finding)]);
  const char *advice = ivl_finding_get_advice (finding);
  int padding = MAX (1, 11 - (int) g_utf8_strlen (title, -1));

  cli_output_print ("%s%*s", title, padding, "");
  cli_output_name (ivl_finding_get_subject (finding));
  cli_output_print (": ");
  cli_output_name (ivl_finding_get_message (finding));
  cli_output_print ("\n");
  if (advice != NULL)
    {
      cli_output_print ("%11s", "");
      cli_output_name (advice);
      cli_output_print ("\n");
    }
}

CliExit
cmd_doctor_run (const CliCommand *command,
                int               argc,
                char            **argv)
{
  g_auto (CliOptions) options = { 0 };
  g_autoptr (GPtrArray) findings = NULL;
  g_autoptr (GError) error = NULL;
  CliExit result = CLI_EXIT_DONE;

  if (!cli_options_parse (&options, command, CLI_OPTIONS_LOCAL | CLI_OPTIONS_JSON, NULL, &argc,
                          &argv))
    return CLI_EXIT_USAGE;
  if (argc > 1)
    return cli_options_refuse (command, _ ("this command takes no arguments"));

  cli_progress_start (_ ("checking"), IVL_PHASE_LOAD);
  findings = ivl_doctor_run (cli_interrupt_get_cancellable (), &error);
  cli_progress_hide ();
  if (findings == NULL)
    return CLI_EXIT_SOME_FAILED;
  for (guint i = 0; i < findings->len; i++)
    {
      IvlFinding *finding = g_ptr_array_index (findings, i);

      if (options.json)
        show_json (finding);
      else
        show_text (finding);
      if (ivl_finding_get_severity (finding) == IVL_SEVERITY_PROBLEM)
        result = CLI_EXIT_SOME_FAILED;
    }
  return result;
}
