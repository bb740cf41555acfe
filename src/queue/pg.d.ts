/** As much of `pg` as the queue calls; the package has no types of its own. */
declare module "pg" {
  import { EventEmitter } from "node:events";

  export interface ClientConfig {
    readonly connectionString: string;
    readonly application_name?: string;
    readonly connectionTimeoutMillis?: number;
    readonly query_timeout?: number;
    readonly keepAlive?: boolean;
    readonly keepAliveInitialDelayMillis?: number;
  }

  export interface QueryResult {
    readonly command: string;
    readonly rows: Record<string, unknown>[];
  }

  export class Client extends EventEmitter {
    constructor(config: ClientConfig);
    connect(): Promise<void>;
    query(text: string, values?: readonly unknown[]): Promise<QueryResult | QueryResult[]>;
    end(): Promise<void>;
    readonly connection: { readonly stream: { destroy(): void } };
  }

  const pg: { readonly Client: typeof Client };
  export default pg;
}
