/* SPDX-License-Identifier: MIT
 *
 * student.h - Student's t distribution, and the normal distribution that it ends in.
 */
#ifndef ASSENT_STATS_STUDENT_H
#define ASSENT_STATS_STUDENT_H

/* P(T <= t) of df degrees of freedom, above 0; small tails keep their digits. t may be infinite. */
double stats_student_below(double t, double df);
/* The t of a probability from 1/2 to below 1. */
double stats_student_quantile(double p, double df);

/* P(Z <= z), and the z of a probability between 0 and 1. */
double stats_normal_below(double z);
double stats_normal_quantile(double p);

#endif
