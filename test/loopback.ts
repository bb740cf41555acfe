// Makes a test that reaches beyond this machine fail, instead of pass by luck of the network.
import { Socket } from "node:net";

type Connect = (this: Socket, ...args: unknown[]) => Socket;
const prototype = Socket.prototype as { connect: Connect };
const connect = prototype.connect;

prototype.connect = function (...args) {
  // net.connect hands over its arguments as one array.
  const [target, name] = Array.isArray(args[0]) ? (args[0] as unknown[]) : args;
  const host = typeof target === "object" && target !== null ? (target as { host?: unknown }).host : name;
  if (typeof host === "string" && !/^(?:localhost|127\.[\d.]+|\[?::1\]?)$/.test(host)) {
    throw new Error(`test connects to ${host}: only loopback may be contacted`);
  }
  return connect.apply(this, args);
};
