/* SPDX-License-Identifier: MIT
 *
 * bench_together.c DIR - of a model's folder (bench/real_folder.py writes one): what a picture
 * costs alone, and in passes of several, by how many tokens it takes. vlm/estimate.c decides by it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "vlm/vlm.h"

enum { PICTURES = 8, QUESTIONS = 12, WIDTH = 178, HEIGHT = 218 };

static const char *const words[QUESTIONS] = {
    "bald", "smiling", "young", "blond", "wearing a hat", "wearing glasses",
    "old",  "angry",   "sad",   "tall",  "thin",          "pale",
};

static int fail(const struct err *e)
{
    err_print(stderr, e);
    return 1;
}

static int make_prompts(struct vlm_prompts **out, const struct vlm *v, size_t n, struct err *e)
{
    struct vlm_question questions[QUESTIONS];
    char texts[QUESTIONS][100];

    for (size_t i = 0; i < n; i++) {
        snprintf(texts[i], sizeof(texts[i]), "Is this person %s? Answer with only yes or no.",
                 words[i]);
        questions[i] = (struct vlm_question){ .text = texts[i], .kind = VLM_YESNO };
    }
    return vlm_prompts_new(out, v, questions, n, e);
}

/* Seconds a picture, in passes of `each`. */
static int seconds_of(double *out, struct vlm *v, const struct vlm_asked *all, size_t each,
                      struct err *e)
{
    struct vlm_answers answers[PICTURES];
    struct vlm_how how = { 0 };
    double begun = clock_seconds();
    int rc = 0;

    for (size_t at = 0; rc == 0 && at < all->n; at += each) {
        struct vlm_asked some = { .prompts = all->prompts, .images = all->images + at, .n = each };

        rc = vlm_ask_together(v, &some, &how, answers, e);
        for (size_t i = 0; rc == 0 && i < each; i++)
            vlm_answers_release(&answers[i]);
    }
    *out = (clock_seconds() - begun) / (double)all->n;
    return rc;
}

static int measure(struct vlm *v, size_t questions, const struct image *const *images,
                   struct err *e)
{
    struct vlm_asked all = { .images = images, .n = PICTURES };
    const struct vlm_size size = { .width = WIDTH, .height = HEIGHT };
    struct vlm_prompts *p;
    struct vlm_cost cost;
    double alone = 0, seconds;
    int rc = make_prompts(&p, v, questions, e);

    all.prompts = p;
    if (rc == 0)
        rc = vlm_estimate(&cost, v, p, &size, e);
    for (size_t each = 1; rc == 0 && each <= PICTURES; each *= 2) {
        rc = seconds_of(&seconds, v, &all, each, e);
        alone = each == 1 ? seconds : alone;
        if (rc == 0)
            printf("%4zu tokens a picture, %zu in a pass: %.3f s a picture, %.2f of alone\n",
                   cost.tokens, each, seconds, seconds / alone);
    }
    vlm_prompts_free(p);
    return rc;
}

int main(int argc, char **argv)
{
    static const size_t questions[] = { 1, 4, 12 };
    static uint8_t rgb[PICTURES][WIDTH * HEIGHT * 3];
    struct image images[PICTURES];
    const struct image *list[PICTURES];
    struct vlm_options options = { .dtype = "f32" };
    struct vlm *v = NULL;
    struct err e = { 0 };
    int rc;

    if (argc != 2) {
        fprintf(stderr, "usage: bench_together DIR\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t i = 0; i < PICTURES; i++) {
        for (size_t b = 0; b < sizeof(rgb[i]); b++)
            rgb[i][b] = (uint8_t)((b * (i + 7)) >> 3);
        images[i] = (struct image){ .width = WIDTH, .height = HEIGHT, .rgb = rgb[i] };
        list[i] = &images[i];
    }
    rc = vlm_open(&v, argv[1], &options, &e);
    for (size_t i = 0; rc == 0 && i < sizeof(questions) / sizeof(questions[0]); i++)
        rc = measure(v, questions[i], list, &e);
    vlm_close(v);
    return rc < 0 ? fail(&e) : 0;
}
