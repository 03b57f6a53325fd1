/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"

const struct command *const commands[] = {
    &cmd_init,      &cmd_import, &cmd_plan,      &cmd_annotate,   &cmd_status,
    &cmd_agree,     &cmd_review, &cmd_reviewers, &cmd_accept,     &cmd_calibrate,
    &cmd_consensus, &cmd_report, &cmd_export,    &cmd_ask,        &cmd_serve,
    &cmd_server,    &cmd_undo,   &cmd_images,    &cmd_annotators, &cmd_check,
    &cmd_model,     &cmd_help,   &cmd_version,   &cmd_generate,   NULL,
};

int main(int argc, char **argv)
{
    return cmd_main(argc, argv);
}
