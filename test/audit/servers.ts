/** Servers on this machine that keep count of what was asked of them: honest ones, and ones that write whatever they like. */
import { createServer as createHttp, type IncomingHttpHeaders, type RequestListener } from "node:http";
import { createServer as createTcp, type AddressInfo, type Server, type Socket } from "node:net";
import { afterEach } from "vitest";

export interface Serving {
  readonly port: number;
  /** What `allow` takes. */
  readonly host: string;
  /** `http://127.0.0.1:port`. */
  readonly at: string;
  /** Paths with their headers, in the order in which they were asked for; of a raw server the whole requests as they came. */
  readonly asked: string[];
  readonly headers: IncomingHttpHeaders[];
  /** Bytes that its system took from it. */
  readonly written: () => number;
}

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

async function listening(server: Server, host: string): Promise<Omit<Serving, "asked" | "headers">> {
  const sockets = new Set<Socket>();
  let closed = 0;
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => {
      closed += socket.bytesWritten;
      sockets.delete(socket);
    });
  });
  ends.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await new Promise<void>((done) => server.listen(0, host, done));
  const { port } = server.address() as AddressInfo;
  const written = (): number => [...sockets].reduce((sum, { bytesWritten }) => sum + bytesWritten, closed);
  return { port, host: `${host}:${port}`, at: `http://${host}:${port}`, written };
}

export async function serve(answer: RequestListener, host = "127.0.0.1"): Promise<Serving> {
  const asked: string[] = [];
  const headers: IncomingHttpHeaders[] = [];
  const server = createHttp((request, response) => {
    asked.push(request.url ?? "");
    headers.push(request.headers);
    answer(request, response);
  });
  return { ...(await listening(server, host)), asked, headers };
}

/** Whatever is written, as it is. */
export async function raw(answer: (socket: Socket, request: string) => void): Promise<Serving> {
  const asked: string[] = [];
  const server = createTcp((socket) => {
    socket.once("data", (request: Buffer) => {
      asked.push(request.toString("latin1"));
      answer(socket, request.toString("latin1"));
    });
  });
  return { ...(await listening(server, "127.0.0.1")), asked, headers: [] };
}

/** Writes again and again, as long as there is somebody who takes it. */
export function endless(socket: Socket, chunk: Uint8Array | string): void {
  const write = (): void => {
    if (socket.destroyed) return;
    if (socket.write(chunk)) setImmediate(write);
    else socket.once("drain", write);
  };
  write();
}

/** A piece now and then. */
export function drip(socket: Socket, piece: string, everyMs: number): void {
  const timer = setInterval(() => socket.write(piece), everyMs);
  socket.on("close", () => clearInterval(timer));
}
