/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "cmd/cmd.h"

static void print_plan(const struct plan_result *r)
{
    char images[32], questions[32], duration[32];

    printf("%s: %s images, %s answers to give\n", r->annotator, text_grouped(r->images, images),
           text_grouped(r->questions, questions));
    if (r->images == 0) {
        puts("Nothing is left to do.");
        return;
    }
    printf("  model    %s, a %s of %.3g million parameters, computed in %s\n", r->model, r->family,
           (double)r->parameters * 1e-6, r->dtype);
    printf("  memory   %.3g GB of weights, mapped, and %.3g GB\n", (double)r->weight_bytes * 1e-9,
           (double)r->activation_bytes * 1e-9);
    printf("  work     %.3g TFLOP an image, %.3g in all\n", r->flop * 1e-12,
           r->flop * 1e-12 * (double)r->images);
    printf("  speed    %.3g s an image, measured on %zu\n", r->seconds, r->measured);
    printf("  time     %s\n", log_duration(r->total_seconds, duration));
    if (isnan(r->cost))
        puts("  cost     not known: prices: machine_hour in assent.yaml");
    else
        printf("  cost     %.2f %s\n", r->cost, r->currency);
}

static int run(const struct globals *g, const void *own, struct err *e)
{
    struct plan_options o = { *(const struct annotate_options *)own, PLAN_MEASURED };
    struct plan_result result;
    struct project *p;
    int rc = project_open(&p, g->dir, PROJECT_WRITE, e);

    if (rc < 0)
        return rc;
    rc = plan(p, &o, &result, e);
    if (rc == 0) {
        if (g->json)
            rc = cmd_print_json(plan_json(&result), e);
        else
            print_plan(&result);
        plan_result_release(&result);
    }
    project_close(p);
    return rc;
}

const struct command cmd_plan = {
    .name = "plan",
    .args = "",
    .summary = "what annotate would take, in time, memory and money",
    .doc = "Answers a few pictures to measure, keeps nothing of it, and says what the rest would "
           "take.",
    .example = "Example:\n  assent plan --annotator llava --sample 1000",
    .options = cmd_choice_options,
    .parse = cmd_parse_choice,
    .size = sizeof(struct annotate_options),
    .run = run,
};
