// The service's API, and its live events.

/** Calls the API; gives `data`, or throws an error with the API's code and message. */
export async function call(method, path, body) {
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers: body === undefined ? {} : { "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Error("The service does not answer. Is `millrace up` running?");
  }
  const result = await answer.json().catch(() => ({}));
  if (!answer.ok || result.success === false) {
    const { message = `The service answered ${answer.status}.`, code = "", details = null } = result.error ?? result;
    const faults = details?.faults ?? details?.errors ?? [];
    const listed = faults.map((fault) => `${fault.field}: ${fault.message}`).join("; ");
    throw Object.assign(new Error(listed ? `${message} (${listed})` : message), { code, details });
  }
  return result.data;
}

const FIRST_DELAY = 250;
const LONGEST_DELAY = 8000;

/** Tells of the events of one run at a time; connects again by itself, and then hears the run's state anew. */
export class Live {
  #socket = null;
  #run = null;
  #delay = FIRST_DELAY;
  #hear = () => {};

  constructor(tellConnection) {
    this.tellConnection = tellConnection;
    this.#connect();
  }

  follow(run, hear) {
    if (this.#run) this.#send({ type: "unsubscribe", execution_id: this.#run });
    this.#run = run;
    this.#hear = hear;
    if (run) this.#send({ type: "subscribe", execution_id: run });
  }

  answer(run, node, input) {
    this.#send({ type: "user:input:response", execution_id: run, node_id: node, input });
  }

  #connect() {
    const address = new URL("/ws", location.href);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = (this.#socket = new WebSocket(address));
    socket.onopen = () => {
      this.#delay = FIRST_DELAY;
      this.tellConnection("Live");
      if (this.#run) this.#send({ type: "subscribe", execution_id: this.#run });
    };
    socket.onmessage = (event) => this.#hear(JSON.parse(event.data));
    socket.onclose = () => {
      this.tellConnection("Connecting…");
      setTimeout(() => this.#connect(), this.#delay);
      this.#delay = Math.min(2 * this.#delay, LONGEST_DELAY);
    };
  }

  #send(message) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }
}
