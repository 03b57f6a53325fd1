/* SPDX-License-Identifier: MIT */
#include "show/svg.h"

#include <math.h>

#include "show/html_text.h"

/* Units of a chart's drawing, which is scaled to the room there is. */
enum {
    WIDTH = 640,
    HEIGHT = 380,
    LEFT = 64,
    RIGHT = 16,
    TOP = 14,
    BOTTOM = 52,
    RADIUS = 4,
    CAP = 4, /* half of the line that ends an interval */
    COLOURS = 6,
    TICKS = 6, /* at most */
};

struct axis {
    double from, to;   /* log10 where log */
    double at, length; /* of the drawing; length below 0: upwards */
    bool log;
};

static double place(const struct axis *a, double x)
{
    double v = a->log ? log10(x) : x;

    return a->at + (v - a->from) / (a->to - a->from) * a->length;
}

static bool is_on(const struct axis *a, double x)
{
    double v = a->log ? log10(x) : x, slack = (a->to - a->from) * 1e-9;

    return (!a->log || x > 0) && v >= a->from - slack && v <= a->to + slack;
}

static double within(const struct axis *a, double x)
{
    return fmin(fmax(x, a->from), a->to);
}

/* ---- scales ---- */

static void widen(struct axis *a, double x)
{
    if (!isfinite(x) || (a->log && x <= 0))
        return;
    x = a->log ? log10(x) : x;
    a->from = fmin(a->from, x);
    a->to = fmax(a->to, x);
}

/* 1, 2 or 5 times a power of ten, so that at most TICKS of them fill the axis. */
static double step_of(const struct axis *a)
{
    double raw = (a->to - a->from) / TICKS, power = pow(10, floor(log10(raw))), rest = raw / power;

    return power * (rest <= 1 ? 1 : rest <= 2 ? 2 : rest <= 5 ? 5 : 10);
}

/* Where nothing is said, from one tick to another; never without a length. */
static void settle(struct axis *a, double from, double to)
{
    if (from < to) {
        a->from = a->log ? log10(from) : from;
        a->to = a->log ? log10(to) : to;
        return;
    }
    if (!(a->from <= a->to))
        a->from = 0, a->to = 1;
    if (a->to - a->from < 1e-9 * fmax(fabs(a->to), 1e-9))
        a->from -= fmax(fabs(a->from), 1) / 2, a->to += fmax(fabs(a->to), 1) / 2;
    if (!a->log) {
        double step = step_of(a);

        a->from = floor(a->from / step) * step;
        a->to = ceil(a->to / step) * step;
    }
}

static void measure(const struct chart *c, struct axis *x, struct axis *y)
{
    const struct chart_look *look = &c->look;

    *x = (struct axis){ INFINITY, -INFINITY, LEFT, WIDTH - LEFT - RIGHT, look->x_log };
    *y = (struct axis){ INFINITY, -INFINITY, HEIGHT - BOTTOM, -(HEIGHT - BOTTOM - TOP), false };
    for (size_t s = 0; s < c->n; s++)
        for (size_t i = 0; i < c->series[s].n; i++) {
            const struct chart_mark *m = &c->series[s].marks[i];

            widen(x, m->x);
            widen(y, m->y);
            if (m->low < m->high) {
                widen(y, m->low);
                widen(y, m->high);
            }
        }
    settle(x, look->x_from, look->x_to);
    settle(y, look->y_from, look->y_to);
}

/* ---- axes ---- */

/* "0.25", "1000", "2e+06"; no trailing zeros, and no minus before zero. */
static void put_number(FILE *out, double x)
{
    fprintf(out, "%.6g", fabs(x) < 1e-12 ? 0 : x);
}

static void put_tick(FILE *out, const struct axis *a, bool upright, double value)
{
    double at = place(a, value);

    if (!is_on(a, value))
        return;
    if (upright)
        fprintf(out,
                "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text class=\"tick end\" x=\"%d\" "
                "y=\"%.1f\">",
                LEFT, at, WIDTH - RIGHT, LEFT - 8, at + 4);
    else
        fprintf(out,
                "<path class=\"grid\" d=\"M%.1f %dV%d\"/><text class=\"tick middle\" "
                "x=\"%.1f\" y=\"%d\">",
                at, TOP, HEIGHT - BOTTOM, at, HEIGHT - BOTTOM + 18);
    put_number(out, value);
    fputs("</text>\n", out);
}

/* Of a logarithm: powers of ten, and within few of them 2 and 5 times these. */
static void put_log_ticks(FILE *out, const struct axis *a, bool upright)
{
    static const double times[] = { 1, 2, 5 };
    double decades = a->to - a->from;
    int every = (int)fmax(1, ceil(decades / TICKS));

    for (int d = (int)floor(a->from); d <= (int)ceil(a->to); d += every)
        for (size_t i = 0; i < (decades < 2.5 ? 3 : 1); i++)
            put_tick(out, a, upright, times[i] * pow(10, d));
}

static void put_ticks(FILE *out, const struct axis *a, bool upright)
{
    double step = step_of(a);

    if (a->log) {
        put_log_ticks(out, a, upright);
        return;
    }
    for (double i = ceil(a->from / step - 1e-9); i * step <= a->to + step * 1e-9; i++)
        put_tick(out, a, upright, i * step);
}

static void put_axes(FILE *out, const struct chart *c, const struct axis *x, const struct axis *y)
{
    put_ticks(out, x, false);
    put_ticks(out, y, true);
    fprintf(out, "<path class=\"axis\" d=\"M%d %dV%dH%d\"/>\n", LEFT, TOP, HEIGHT - BOTTOM,
            WIDTH - RIGHT);
    fprintf(out, "<text class=\"label middle\" x=\"%d\" y=\"%d\">", (LEFT + WIDTH - RIGHT) / 2,
            HEIGHT - 10);
    html_plain(out, c->look.x ? c->look.x : "");
    fprintf(out,
            "</text>\n<text class=\"label middle\" transform=\"translate(16 %d) rotate(-90)\">",
            (TOP + HEIGHT - BOTTOM) / 2);
    html_plain(out, c->look.y ? c->look.y : "");
    fputs("</text>\n", out);
    if (c->look.diagonal) {
        double from = fmax(x->from, y->from), to = fmin(x->to, y->to);

        if (!x->log && from < to)
            fprintf(out, "<path class=\"diagonal\" d=\"M%.1f %.1fL%.1f %.1f\"/>\n", place(x, from),
                    place(y, from), place(x, to), place(y, to));
    }
}

/* ---- marks ---- */

static void put_shape(FILE *out, size_t series, double x, double y)
{
    const double r = RADIUS;

    switch (series % 4) {
    case 0: fprintf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%g\"/>", x, y, r); break;
    case 1:
        fprintf(out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%g\" height=\"%g\"/>", x - r, y - r,
                2 * r, 2 * r);
        break;
    case 2: fprintf(out, "<path d=\"M%.1f %.1fl%g %gh%gz\"/>", x, y - r, r, 2 * r, -2 * r); break;
    default:
        fprintf(out, "<path d=\"M%.1f %.1fl%g %gl%g %gl%g %gz\"/>", x, y - r * 1.3, r * 1.3,
                r * 1.3, -r * 1.3, r * 1.3, -r * 1.3, -r * 1.3);
    }
}

static void put_mark_title(FILE *out, const struct chart *c, const struct series *s,
                           const struct chart_mark *m)
{
    fputs("<title>", out);
    html_plain(out, s->name ? s->name : "");
    if (m->label) {
        fputs(s->name ? ", " : "", out);
        html_plain(out, m->label);
    }
    fputs(": ", out);
    html_plain(out, c->look.x ? c->look.x : "x");
    fputc(' ', out);
    put_number(out, m->x);
    fputs("; ", out);
    html_plain(out, c->look.y ? c->look.y : "y");
    fprintf(out, " %.4g", m->y);
    if (m->low < m->high)
        fprintf(out, " (%.4g to %.4g)", m->low, m->high);
    fputs("</title>", out);
}

static void put_mark(FILE *out, const struct chart *c, size_t s, const struct chart_mark *m,
                     const struct axis axes[2])
{
    double x = place(&axes[0], m->x), y = place(&axes[1], m->y);

    fputs("<g class=\"mark\">", out);
    put_mark_title(out, c, &c->series[s], m);
    if (m->low < m->high)
        fprintf(out, "<path class=\"whisker\" d=\"M%.1f %.1fV%.1fM%.1f %.1fh%dM%.1f %.1fh%d\"/>", x,
                place(&axes[1], within(&axes[1], m->low)),
                place(&axes[1], within(&axes[1], m->high)), x - CAP,
                place(&axes[1], within(&axes[1], m->low)), 2 * CAP, x - CAP,
                place(&axes[1], within(&axes[1], m->high)), 2 * CAP);
    put_shape(out, s, x, y);
    fputs("</g>\n", out);
}

static void put_series(FILE *out, const struct chart *c, size_t s, const struct axis axes[2])
{
    const struct series *series = &c->series[s];
    const char *joint = "M";
    double last = 0;

    fprintf(out, "<g class=\"s%zu\">\n", s % COLOURS);
    if (series->style != CHART_POINTS) {
        fputs("<path class=\"line\" d=\"", out);
        for (size_t i = 0; i < series->n; i++) {
            double x = place(&axes[0], series->marks[i].x), y = place(&axes[1], series->marks[i].y);

            if (!is_on(&axes[0], series->marks[i].x) || !is_on(&axes[1], series->marks[i].y))
                continue;
            if (series->style == CHART_STEPS && *joint == 'L')
                fprintf(out, "L%.1f %.1f", x, last);
            fprintf(out, "%s%.1f %.1f", joint, x, y);
            last = y;
            joint = "L";
        }
        fputs(*joint == 'M' ? "M0 0\"/>\n" : "\"/>\n", out);
    }
    for (size_t i = 0; i < series->n; i++)
        if (is_on(&axes[0], series->marks[i].x) && is_on(&axes[1], series->marks[i].y))
            put_mark(out, c, s, &series->marks[i], axes);
    fputs("</g>\n", out);
}

void svg_chart(FILE *out, const struct chart *c, size_t id)
{
    struct axis axes[2];

    measure(c, &axes[0], &axes[1]);
    fprintf(out,
            "<svg class=\"chart\" viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"c%zu\">\n"
            "<title id=\"c%zu\">",
            WIDTH, HEIGHT, id, id);
    html_plain(out, c->look.title ? c->look.title : "");
    fputs("</title>\n", out);
    put_axes(out, c, &axes[0], &axes[1]);
    for (size_t s = 0; s < c->n; s++)
        put_series(out, c, s, axes);
    fputs("</svg>\n", out);
}

void svg_mark(FILE *out, size_t series)
{
    fprintf(out,
            "<svg class=\"key s%zu\" viewBox=\"0 0 14 14\" aria-hidden=\"true\">"
            "<g class=\"mark\">",
            series % COLOURS);
    put_shape(out, series, 7, 7);
    fputs("</g></svg>", out);
}

/* ---- bars ---- */

enum { BAR_LENGTH = 240, BAR_HEIGHT = 16 };

static double along(double x, double from)
{
    return 6 + (fmin(fmax(x, from), 1) - from) / (1 - from) * (BAR_LENGTH - 12);
}

void svg_bar(FILE *out, const struct bar *bar, double from)
{
    const int middle = BAR_HEIGHT / 2;

    fprintf(out, "<svg class=\"bar s0\" viewBox=\"0 0 %d %d\" role=\"img\"><title>", BAR_LENGTH,
            BAR_HEIGHT);
    html_plain(out, bar->name ? bar->name : "");
    fputs(bar->name ? ": " : "", out);
    if (isfinite(bar->value))
        fprintf(out, "%.3f", bar->value);
    else
        fputs("not known", out);
    if (bar->low <= bar->high)
        fprintf(out, ", from %.3f to %.3f", bar->low, bar->high);
    if (isfinite(bar->mark))
        fprintf(out, "; against %.3f", bar->mark);
    fprintf(out, "</title><path class=\"grid\" d=\"M6 %dH%d\"/>", middle, BAR_LENGTH - 6);
    if (bar->low <= bar->high)
        fprintf(out, "<path class=\"interval\" d=\"M%.1f %dH%.1f\"/>", along(bar->low, from),
                middle, fmax(along(bar->high, from), along(bar->low, from) + 1));
    if (isfinite(bar->mark))
        fprintf(out, "<path class=\"against\" d=\"M%.1f %dV%d\"/>", along(bar->mark, from), 1,
                BAR_HEIGHT - 1);
    if (isfinite(bar->value)) {
        fputs("<g class=\"mark\">", out);
        put_shape(out, 0, along(bar->value, from), middle);
        fputs("</g>", out);
    }
    fputs("</svg>", out);
}

void svg_bar_key(FILE *out, char part)
{
    fputs("<svg class=\"key s0\" viewBox=\"0 0 14 14\" aria-hidden=\"true\">", out);
    if (part == 'o')
        fputs("<g class=\"mark\"><circle cx=\"7\" cy=\"7\" r=\"4\"/></g>", out);
    else
        fputs(part == '-' ? "<path class=\"interval\" d=\"M0 7H14\"/>"
                          : "<path class=\"against\" d=\"M7 0V14\"/>",
              out);
    fputs("</svg>", out);
}
