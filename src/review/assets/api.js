// SPDX-License-Identifier: MIT
// The server's interface, docs/review-http.md: one method a route.

const REQUEST_MS = 20000;

/* status 0: the server was not reached. */
export class ApiError extends Error {
  constructor(status, code, message, body) {
    super(message);
    this.status = status;
    this.code = code;
    this.body = body;
  }

  /* Only the person's link helps. */
  get isSession() {
    return this.status === 401 || this.code === "role";
  }

  /* The same request would never be taken. */
  get isFinal() {
    return this.status === 400 || this.status === 413;
  }
}

export class Api {
  constructor() {
    this.csrf = "";
    this.who = null;
    this.name = "";
  }

  async enter(token) {
    return this.welcome(await this.send("POST", "/api/session", {token}));
  }

  async session() {
    return this.welcome(await this.send("GET", "/api/session"));
  }

  take(body) {
    return this.post("/api/take", body);
  }

  answer(body) {
    return this.post("/api/answer", body);
  }

  undo(body) {
    return this.post("/api/undo", body);
  }

  earlier(query) {
    return this.send("GET", `/api/answers?${new URLSearchParams(query)}`);
  }

  release(tab) {
    return this.post("/api/release", {tab});
  }

  leave() {
    return this.post("/api/leave", {});
  }

  overview() {
    return this.send("GET", "/api/overview");
  }

  gallery(query) {
    return this.send("GET", `/api/gallery?${new URLSearchParams(query)}`);
  }

  /* All tabs share one cookie: another person's link, opened in another tab, changes who this one speaks for. */
  welcome(session) {
    if (this.who && this.who !== session.who) {
      throw new ApiError(401, "session", `This browser is now used by ${session.name}.`);
    }
    this.who = session.who;
    this.name = session.name;
    this.csrf = session.csrf;
    return session;
  }

  async post(path, body) {
    try {
      return await this.send("POST", path, body);
    } catch (error) {
      if (error.code !== "csrf") throw error;
      await this.session();
      return this.send("POST", path, body);
    }
  }

  async send(method, path, body) {
    const request = {method, headers: {"X-CSRF": this.csrf}, cache: "no-store", signal: AbortSignal.timeout(REQUEST_MS)};
    if (body) {
      request.headers["Content-Type"] = "application/json";
      request.body = JSON.stringify(body);
      request.keepalive = true; // an answer is on its way although the tab is closed
    }
    let response, reply;
    try {
      response = await fetch(path, request);
      reply = await response.json();
    } catch {
      throw new ApiError(0, "network", "The server cannot be reached.");
    }
    if (response.ok) return reply;
    const error = reply?.error ?? {code: "failed", message: `The server answers ${response.status}.`};
    throw new ApiError(response.status, error.code, error.message, reply);
  }
}
