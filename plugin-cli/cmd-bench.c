/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ivl bench: how fast a model is here, and how much of what the machine can do that is. */
#include "cli-interrupt.h"
#include "cli-model.h"
#include "cli-output.h"
#include "cli-progress.h"

#include <glib/gi18n.h>
#include <string.h>

#define DEFAULT_PROMPT 512
#define DEFAULT_ANSWER 64
#define DEFAULT_REPEATS 3

/* The process's highest resident size so far in bytes; 0 where the system does not tell */
static guint64
get_peak_memory (void)
{
  g_autofree char *status = NULL;
  const char *line;

  if (!g_file_get_contents ("/proc/self/status", &status, NULL, NULL))
    return 0;
  line = strstr (status, "VmHWM:");
  return line == NULL ? 0 : g_ascii_strtoull (line + strlen ("VmHWM:"), NULL, 10) * 1024;
}

/* 0 when either was not measured */
static double
get_share (double rate,
           double limit)
{
  return limit > 0 ? rate / limit : 0;
}

static double
get_tile_share (const IvlBenchResult *result)
{
  return get_share (get_share (result->tile_gflop, result->tile_seconds), result->machine_gflops);
}

static double
get_prefill_share (const IvlBenchResult *result)
{
  return get_share (result->prefill_rate * result->token_gflop, result->machine_gflops);
}

static double
get_decode_share (const IvlBenchResult *result)
{
  return get_share (result->decode_rate * (double) result->token_bytes / 1e9,
                    result->machine_gbytes);
}

static void
show_json (IvlModel             *model,
           const IvlBenchResult *result,
           double                load_seconds)
{
  json_t *object = json_pack ("{s:s, s:s, s:s, s:i, s:f, s:I, s:I}",
                              "model", ivl_model_get_name (model),
                              "origin", ivl_model_get_origin (model),
                              "isa", result->isa,
                              "threads", (int) result->n_threads,
                              "load_seconds", load_seconds,
                              "peak_memory", (json_int_t) get_peak_memory (),
                              "weight_bytes", (json_int_t) ivl_model_get_n_bytes (model));

  json_object_set_new (object, "machine",
                       json_pack ("{s:f, s:f}", "gflops", result->machine_gflops,
                                  "gbytes_per_second", result->machine_gbytes));
  json_object_set_new (object, "tile",
                       json_pack ("{s:f, s:f, s:f}", "seconds", result->tile_seconds,
                                  "gflop", result->tile_gflop, "share", get_tile_share (result)));
  json_object_set_new (object, "prefill",
                       json_pack ("{s:f, s:f, s:f}", "tokens_per_second", result->prefill_rate,
                                  "gflop_per_token", result->token_gflop,
                                  "share", get_prefill_share (result)));
  json_object_set_new (object, "decode",
                       json_pack ("{s:f, s:I, s:f}", "tokens_per_second", result->decode_rate,
                                  "bytes_per_token", (json_int_t) result->token_bytes,
                                  "share", get_decode_share (result)));
  json_object_set_new (object, "decode_streams",
                       json_pack ("{s:f, s:f, s:f, s:f}", "1", result->stream_rates[0],
                                  "2", result->stream_rates[1], "4", result->stream_rates[2],
                                  "8", result->stream_rates[3]));
  cli_output_json (object);
}

static void
show_text (IvlModel             *model,
           const IvlBenchResult *result,
           double                load_seconds)
{
  g_autofree char *peak = g_format_size (get_peak_memory ());
  g_autofree char *weights = g_format_size (ivl_model_get_n_bytes (model));

  cli_output_name (ivl_model_get_name (model));
  cli_output_print (", %s, %u threads\n", result->isa, result->n_threads);
  cli_output_print (_ ("machine   %.1f GFLOP/s float32, %.1f GB/s from memory\n"),
                    result->machine_gflops, result->machine_gbytes);
  cli_output_print (_ ("load      %.3f s\n"), load_seconds);
  if (result->tile_seconds > 0)
    cli_output_print (_ ("tile      %.3f s, %.0f %% of the machine\n"), result->tile_seconds,
                      100 * get_tile_share (result));
  if (result->prefill_rate > 0)
    cli_output_print (_ ("prefill   %.1f tokens/s, %.0f %% of the machine\n"), result->prefill_rate,
                      100 * get_prefill_share (result));
  if (result->decode_rate > 0)
    cli_output_print (_ ("decode    %.1f tokens/s, %.0f %% of the machine\n"), result->decode_rate,
                      100 * get_decode_share (result));
  if (result->decode_rate > 0)
    cli_output_print (_ ("at once   %.1f, %.1f, %.1f, %.1f tokens/s with 1, 2, 4, 8 answers\n"),
                      result->stream_rates[0], result->stream_rates[1], result->stream_rates[2],
                      result->stream_rates[3]);
  cli_output_print (_ ("memory    %s at its peak, weights %s\n"), peak, weights);
}

static CliExit
run_bench (const CliOptions *options,
           const char       *name,
           guint             n_prompt,
           guint             n_answer,
           guint             repeats)
{
  g_autoptr (IvlModel) model = NULL;
  g_autoptr (GError) error = NULL;
  IvlBenchResult result = { 0 };
  gint64 started = g_get_monotonic_time ();
  double load_seconds;

  model = cli_model_open (options, name, 0);
  if (model == NULL)
    return CLI_EXIT_MODEL;
  load_seconds = (double) (g_get_monotonic_time () - started) / G_TIME_SPAN_SECOND;

  if (!ivl_bench_run (model, n_prompt, n_answer, repeats, &result, cli_interrupt_get_cancellable (),
                      &error))
    {
      if (cli_interrupt_get_exit_code () == 0)
        cli_output_error ("%s", error->message);
      return g_error_matches (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION) ? CLI_EXIT_USAGE
                                                                          : CLI_EXIT_MODEL;
    }

  if (options->json)
    show_json (model, &result, load_seconds);
  else
    show_text (model, &result, load_seconds);
  return CLI_EXIT_DONE;
}

CliExit
cmd_bench_run (const CliCommand *command,
               int               argc,
               char            **argv)
{
  g_auto (CliOptions) options = { 0 };
  int n_prompt = DEFAULT_PROMPT;
  int n_answer = DEFAULT_ANSWER;
  int repeats = DEFAULT_REPEATS;
  const GOptionEntry extra[] = {
    { "prompt", 'p', 0, G_OPTION_ARG_INT, &n_prompt, N_ ("Tokens of the prompt (512 by default)"),
      "N" },
    { "answer", 'a', 0, G_OPTION_ARG_INT, &n_answer, N_ ("Tokens of the answer (64 by default)"),
      "N" },
    { "repeats", 'r', 0, G_OPTION_ARG_INT, &repeats, N_ ("Times each step is run (3 by default)"),
      "N" },
    G_OPTION_ENTRY_NULL,
  };

  if (!cli_options_parse (&options, command, CLI_OPTIONS_MODEL | CLI_OPTIONS_JSON, extra, &argc,
                          &argv))
    return CLI_EXIT_USAGE;
  if (argc > 2)
    return cli_options_refuse (command, _ ("one model at a time"));
  if (argc == 2 && options.model != NULL)
    return cli_options_refuse (command, _ ("the model is named twice: by --model and by itself"));
  if (n_prompt < 1 || n_answer < 1 || repeats < 1)
    return cli_options_refuse (command, _ ("the numbers of tokens and repeats must be 1 or more"));

  return run_bench (&options, argc == 2 ? argv[1] : NULL, (guint) n_prompt, (guint) n_answer,
                    (guint) repeats);
}
