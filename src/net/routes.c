/* SPDX-License-Identifier: MIT */
#include "net/routes.h"

#include <string.h>

static bool path_fits(const struct server_route *route, const char *path, const char **tail)
{
    size_t len = strlen(route->path);

    *tail = path + len;
    if (strcmp(route->path, path) == 0)
        return len == 1 || route->path[len - 1] != '/';
    return len > 1 && route->path[len - 1] == '/' && strncmp(route->path, path, len) == 0 &&
           !strchr(path + len, '/');
}

const struct server_route *routes_find(const struct server_options *o, const char *method,
                                       const char *path, const char **tail, bool *other)
{
    if (strcmp(method, "HEAD") == 0)
        method = "GET";
    *other = false;
    for (size_t i = 0; i < o->n_routes; i++) {
        if (!path_fits(&o->routes[i], path, tail))
            continue;
        if (strcmp(o->routes[i].method, method) == 0)
            return &o->routes[i];
        *other = true;
    }
    return NULL;
}
