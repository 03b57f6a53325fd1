/* SPDX-License-Identifier: MIT
 *
 * What a request costs the client: its own processor time, against a server on this machine that
 * does nothing but answer, at once or after 0.2 s. bench_client [REQUESTS]
 */
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"
#include "net/client.h"

enum { BODY = 20 << 10, ANSWER = 1 << 10, IN_FLIGHT = 64, THINKS = 200000 /* microseconds */ };

/* ---- the server, a process of its own ---- */

static void *serve(void *data)
{
    static char head[200], answer[ANSWER];
    int fd = (int)(intptr_t)data, len;
    char bytes[64 << 10];
    size_t have = 0;

    len = snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", ANSWER);
    for (ssize_t n; (n = recv(fd, bytes + have, sizeof(bytes) - 1 - have, 0)) > 0;) {
        const char *end;

        have += (size_t)n;
        bytes[have] = '\0';
        end = strstr(bytes, "\r\n\r\n");
        if (!end || have < (size_t)(end + 4 - bytes) + BODY)
            continue;
        have = 0;
        if (strncmp(bytes, "POST /slow", 10) == 0)
            usleep(THINKS);
        if (send(fd, head, (size_t)len, MSG_NOSIGNAL | MSG_MORE) < 0 ||
            send(fd, answer, sizeof(answer), MSG_NOSIGNAL) < 0)
            break;
    }
    close(fd);
    return NULL;
}

static void serve_all(int door)
{
    pthread_t thread;

    for (int fd; (fd = accept(door, NULL, NULL)) >= 0;)
        if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)fd) == 0)
            pthread_detach(thread);
    _exit(0);
}

static pid_t start_server(uint16_t *port)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(at);
    int door = socket(AF_INET, SOCK_STREAM, 0);
    pid_t pid;

    if (door < 0 || bind(door, (const struct sockaddr *)&at, len) != 0 || listen(door, 256) != 0 ||
        getsockname(door, (struct sockaddr *)&at, &len) != 0)
        return -1;
    *port = ntohs(at.sin_port);
    pid = fork();
    if (pid == 0)
        serve_all(door);
    close(door);
    return pid;
}

/* ---- the client ---- */

static double processor_seconds(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static int ask(struct client *c, const char *url, size_t n, struct err *e)
{
    static const char *const headers[] = { "Authorization: Bearer nobody" };
    char *body = mem_new(BODY, 1, e);
    struct client_request r = {
        .url = url, .headers = headers, .n_headers = 1, .body = body, .len = BODY
    };
    struct client_answer a;
    int rc = body ? 0 : e->code;

    for (size_t sent = 0, done = 0; rc >= 0 && done < n;) {
        if (sent < n && client_in_flight(c) < IN_FLIGHT) {
            rc = client_send(c, &r, e);
            sent++;
            continue;
        }
        rc = client_next(c, 60, &a, e);
        done += rc > 0;
        if (rc > 0 && a.status != 200) {
            *e = a.error;
            rc = e->code < 0 ? (int)e->code : err_set(e, ERR_FORMAT, "status %u", a.status);
        }
    }
    free(body);
    return rc < 0 ? rc : 0;
}

static int measure(const char *url, size_t n, struct err *e)
{
    struct client *c;
    double began, used;
    int rc = client_new(&c, &(struct client_options){ 0 }, e);

    if (rc == 0)
        rc = ask(c, url, n / 10, e); /* connections are opened */
    began = clock_seconds();
    used = processor_seconds();
    if (rc == 0)
        rc = ask(c, url, n, e);
    used = processor_seconds() - used;
    began = clock_seconds() - began;
    if (rc == 0)
        printf(
            "%s: %zu requests of %d bytes, %d in flight: %.3f ms of processor time each, %.0f/s\n",
            url, n, BODY, IN_FLIGHT, used / (double)n * 1e3, (double)n / began);
    client_free(c);
    return rc;
}

int main(int argc, char **argv)
{
    uint64_t n = 20000;
    uint16_t port;
    char url[64];
    pid_t server;
    struct err e;
    int rc;

    if (argc > 2 || (argc == 2 && (!text_u64(argv[1], 100000000, &n) || n == 0))) {
        fprintf(stderr, "usage: bench_client [REQUESTS]\n");
        return 2;
    }
    server = start_server(&port);
    if (server < 0) {
        fprintf(stderr, "bench_client: no server\n");
        return 1;
    }
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/fast", port);
    rc = measure(url, (size_t)n, &e);
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/slow", port);
    if (rc == 0)
        rc = measure(url, (size_t)n / 10 + 1, &e);
    if (rc < 0)
        log_error(&e);
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    return rc < 0;
}
