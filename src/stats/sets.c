/* SPDX-License-Identifier: MIT */
#include "stats/sets.h"

#include <math.h>

static void add_image(struct stats_sets *s, const int16_t *const first[],
                      const int16_t *const second[], size_t n_options, size_t i)
{
    size_t both = 0, either = 0;
    double index;

    for (size_t o = 0; o < n_options; o++) {
        if (first[o][i] < 0 || second[o][i] < 0)
            return;
        both += first[o][i] > 0 && second[o][i] > 0;
        either += first[o][i] > 0 || second[o][i] > 0;
    }
    index = either > 0 ? (double)both / (double)either : 1;
    s->n++;
    s->equal += both == either;
    s->empty += either == 0;
    s->sum += index;
    s->squares += index * index;
}

void stats_sets_add(struct stats_sets *s, const int16_t *const first[],
                    const int16_t *const second[], size_t n_options, size_t n_images)
{
    for (size_t i = 0; i < n_images; i++)
        add_image(s, first, second, n_options, i);
}

double stats_sets_jaccard(const struct stats_sets *s)
{
    return s->sum / (double)s->n; /* 0/0 is NaN */
}

struct stats_interval stats_sets_interval(const struct stats_sets *s)
{
    double n = (double)s->n, mean = s->sum / n;
    double variance = n > 1 ? (s->squares - n * mean * mean) / (n - 1) / n : 0;

    /* where nothing varies the images count as they are */
    return stats_wilson_share(mean, variance > 1e-12 ? mean * (1 - mean) / variance : n);
}
