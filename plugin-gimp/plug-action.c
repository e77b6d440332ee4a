/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The table of actions. */
#include "plug-action.h"

#include <glib/gi18n.h>

const char plug_action_menu[] = N_ ("Image _Assistant");

static const PlugAction actions[] = {
  {
    .procedure = "plug-in-ivl-ask",
    .menu_label = N_ ("_Ask…"),
    .icon = "dialog-question",
    .icon_2 = "gimp-question",
    .blurb = N_ ("Ask questions about the picture and read the answers"),
    .help = N_ ("Asks the question in “prompt” about the picture and returns the answer. It is "
                "computed on this computer unless the settings of the Image Assistant or "
                "“model” name a server that the person has allowed in its window."),
    .task = "ask",
    .page = PLUG_PAGE_ASK,
    .takes_text = TRUE,
  },
  {
    .procedure = "plug-in-ivl-caption",
    .menu_label = N_ ("_Caption"),
    .icon = "dialog-information",
    .blurb = N_ ("Say in a sentence what the picture shows"),
    .help = N_ ("Returns a caption, which says in a sentence what the picture shows. “prompt” "
                "may say what is known about it, such as names and places."),
    .task = "caption",
    .page = PLUG_PAGE_ASK,
    .starts = TRUE,
  },
  {
    .procedure = "plug-in-ivl-alt-text",
    .menu_label = N_ ("Alternative _Text…"),
    .icon = "gimp-prefs-image-title",
    .blurb = N_ ("Write a text for people who do not see the picture"),
    .help = N_ ("Returns an alternative text for the picture, which a human should read before "
                "it is used. “prompt” may say where the picture stands and what is known about "
                "it; “role” (informative, text, functional, complex or decorative) says what "
                "it is for. Nothing is written to the image: plug-in-ivl-export does "
                "that."),
    .task = "alt",
    .page = PLUG_PAGE_ALT,
  },
  {
    .procedure = "plug-in-ivl-ocr",
    .menu_label = N_ ("_Read Text"),
    .icon = "gimp-tool-text",
    .blurb = N_ ("Read the text that stands in the picture"),
    .help = N_ ("Returns the text that stands in the picture."),
    .task = "ocr",
    .page = PLUG_PAGE_READ,
    .starts = TRUE,
  },
  {
    .procedure = "plug-in-ivl-locate",
    .menu_label = N_ ("_Find…"),
    .icon = "gimp-tool-rect-select",
    .blurb = N_ ("Find things in the picture, to select them and more"),
    .help = N_ ("Looks for what “prompt” names and returns where it is: “text” has a line "
                "“WIDTHxHEIGHT+X+Y name” for each place, “boxes” holds x, y, width and height of "
                "each in pixels of the image, “names” what was found there. The selection stays "
                "as it is."),
    .task = "locate",
    .page = PLUG_PAGE_FIND,
    .takes_text = TRUE,
    .gives_boxes = TRUE,
  },
  {
    .procedure = "plug-in-ivl-export",
    .menu_label = N_ ("_Export with Alternative Text…"),
    .icon = "document-save-as",
    .blurb = N_ ("Export the image so that its alternative text is in the file"),
    .help = N_ ("Exports the image as JPEG, PNG, WebP or TIFF, puts the alternative text, the "
                "long description and the caption into the file and reads them back. Texts that "
                "are empty are taken from the image. Returns what was read back."),
    .page = PLUG_PAGE_EXPORT,
  },
};

const PlugAction *
plug_action_list (guint *n)
{
  if (n != NULL)
    *n = G_N_ELEMENTS (actions);
  return actions;
}

const PlugAction *
plug_action_find (const char *procedure)
{
  for (gsize i = 0; i < G_N_ELEMENTS (actions); i++)
    if (g_str_equal (actions[i].procedure, procedure))
      return &actions[i];
  return NULL;
}
