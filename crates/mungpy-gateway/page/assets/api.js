// Calls of the gateway. Every failure becomes a Problem, and a busy server is asked again by itself.

const TIMEOUT = 30_000;
const TRIES = 6;

/** `reason` is one of the gateway's, or OFFLINE or UNKNOWN. */
export class Problem extends Error {
  constructor(reason, { status = 0, detail = "", wait = null } = {}) {
    super(detail || reason);
    Object.assign(this, { reason, status, wait });
  }
}

/** Seconds that `Retry-After` asks for; it may be a number or a date. */
function secondsOf(header) {
  if (!header) return null;
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 1), 60) : null;
}

async function problemOf(response) {
  const body = await response.json().catch(() => ({}));
  return new Problem(body.reason || "UNKNOWN", {
    status: response.status,
    detail: body.detail || body.title,
    wait: secondsOf(response.headers.get("retry-after")),
  });
}

/** One request. `signal` gives it up. */
export async function call(path, { signal, ...options } = {}) {
  const timer = new AbortController();
  const timeout = setTimeout(() => timer.abort(), TIMEOUT);
  const giveUp = () => timer.abort();
  signal?.addEventListener("abort", giveUp);
  try {
    signal?.throwIfAborted();
    const response = await fetch(`/api/v1/${path}`, {
      signal: timer.signal,
      credentials: "omit",
      ...options,
      headers: { "accept-language": document.documentElement.lang, accept: "application/json", ...options.headers },
    });
    if (!response.ok) throw await problemOf(response);
    return await response.json();
  } catch (error) {
    if (error instanceof Problem || signal?.aborted) throw error;
    throw new Problem(timer.signal.aborted ? "ENGINE_TIMEOUT" : "OFFLINE");
  } finally {
    clearTimeout(timeout);
    signal?.removeEventListener("abort", giveUp);
  }
}

const isBusy = (error) => error instanceof Problem && (error.status === 429 || (error.status === 503 && error.wait !== null));

function pause(seconds, signal, onTick) {
  return new Promise((resolve, reject) => {
    let left = Math.ceil(seconds);
    onTick(left);
    const tick = setInterval(() => {
      left -= 1;
      if (left > 0) return onTick(left);
      clearInterval(tick);
      resolve();
    }, 1000);
    signal?.addEventListener("abort", () => { clearInterval(tick); reject(signal.reason); });
  });
}

/** A request that waits as long as a busy server asks for. `onWait` hears the seconds left, 0 at the end. */
export async function callPatiently(path, options, onWait) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call(path, typeof options === "function" ? options() : options);
    } catch (error) {
      if (!isBusy(error) || attempt === TRIES) throw error;
      const { signal } = typeof options === "function" ? options() : options;
      await pause(error.wait ?? 2 ** attempt, signal, onWait);
      onWait(0);
    }
  }
}

// The answers in the form that the page works with: points are `[x, y]`.

const point = ({ x, y }) => [x, y];
const line = (given) => given && [point(given.from), point(given.to)];

/** Faces that `describe` found. */
export function described(report) {
  return { ...report, faces: (report.faces ?? []).map((face) => ({ ...face, landmarks: (face.landmarks ?? []).map(point) })) };
}

/** What `similar-dog` answers. */
export function answered(answer) {
  return {
    ...answer,
    photos: (answer.photos ?? []).map((photo) => ({ ...photo, landmarks: (photo.landmarks ?? []).map(point) })),
    relaxed: (answer.relaxed ?? []).map(({ demand }) => demand),
    matches: answer.matches.map((match) => ({
      ...match,
      attributes: match.adoption?.attributes ?? {},
      expiresAt: match.adoption?.expiresAt,
      landmarks: (match.landmarks ?? []).map(point),
      reasons: (match.reasons ?? []).map((reason) => ({ ...reason, personLine: line(reason.personLine), dogLine: line(reason.dogLine) })),
    })),
  };
}
