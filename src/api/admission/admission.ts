/**
 * Decides at Node's `request` event, before body, router and signature, whether a request is worked on
 * (`docs/decisions/0034`). A refused request is answered A00001 with `Retry-After`.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '../../ports/logger.ts';
import { accessLine } from '../http/access-log.ts';
import type { Connections } from './connections.ts';
import { heldItems } from './held.ts';
import { initialLimit, isCalm, type Limit, MAX_LIMIT, nextLimit, WINDOW_MS } from './limit.ts';
import { type Refused, refuse } from './refusal.ts';
import { shedLog } from './shed-log.ts';

/** Refusals that wait at once. */
const MAX_HELD = 4_000;
/**
 * Most requests that may wait outside of this process at once: for the rest of a body, a read model, a token's issuer.
 */
const MAX_ASIDE = 2_000;
/** Of these, requests whose body is not complete: clients that stall, whoever they are, must leave room for all others. */
const MAX_SLOW_BODIES = 1_000;
/** A request that has waited for this long, in ms, counts as waiting outside of this process. */
const ASIDE_AFTER_MS = 100;

/** A request that was let in. */
interface Ticket {
  /** `performance.now()` when its work began, moved on by the time of its long waits. */
  startedAt: number;
  /** Time at which a wait that may be outside of this process began; `undefined` if the request does not wait. */
  waitingSince: number | undefined;
  /** The request has waited so long that it takes no place until it goes on. */
  aside: boolean;
  /** Its body is not complete. */
  reading: boolean;
  /** Refuses it while its body is not complete. */
  makeWay: (() => void) | undefined;
  /** An endpoint works on it, whether or not its client is still there. */
  busy: boolean;
  /** Its answer is out, or its client is gone. */
  closed: boolean;
}

export interface AdmissionOptions {
  readonly logger: Logger;
  readonly connections: Connections;
  /** Most requests at work at once, at any latency. */
  readonly maxAtWork?: number | undefined;
  /** Most slow bodies at once; beyond that the oldest makes way. */
  readonly maxSlowBodies?: number | undefined;
}

export interface Admission {
  /** Decides whether a request is worked on. A refused one is answered here. */
  decide(request: IncomingMessage, response: ServerResponse): boolean;
  /** An endpoint takes it up; `leave` follows. */
  enter(request: IncomingMessage): void;
  leave(request: IncomingMessage): void;
  /** @param makeWay refuses the request, if its body is slow and there are too many of them */
  reading(request: IncomingMessage, makeWay: () => void): void;
  /**
   * The body of a request is complete. Returns false if it came so late that others have taken its place: refuse it.
   */
  bodyArrived(request: IncomingMessage): boolean;
  /** Waits outside of this process. A long wait takes no place meanwhile, and does not count as latency. */
  outside<T>(request: IncomingMessage, waiting: Promise<T>): Promise<T>;
  /** From now on every request is refused at once, and held refusals go out. */
  close(): void;
  readonly closed: boolean;
}

export function admission({
  logger,
  connections,
  maxAtWork = MAX_LIMIT,
  maxSlowBodies = MAX_SLOW_BODIES,
}: AdmissionOptions): Admission {
  const tickets = new WeakMap<IncomingMessage, Ticket>();
  const atWork = new Set<Ticket>();
  /** Set aside while reading, oldest first. */
  const slowBodies = new Set<Ticket>();
  const held = heldItems<Refused>({ max: MAX_HELD, release: (refused) => refuse(logger, refused, { last: closed }) });
  const log = shedLog(logger);
  let closed = false;
  let aside = 0;
  let state: Limit = initialLimit;
  let timer: NodeJS.Timeout | undefined;
  let dueAt = 0;
  let worstMs = 0;
  let calmMs: number | undefined;
  let peak = 0;

  const isFull = (): boolean => atWork.size >= Math.min(state.limit, maxAtWork);

  const begin = (ticket: Ticket): void => {
    atWork.add(ticket);
    peak = Math.max(peak, atWork.size);
  };

  const setAside = (ticket: Ticket): void => {
    atWork.delete(ticket);
    ticket.aside = true;
    aside += 1;
    if (ticket.reading && ticket.makeWay !== undefined) slowBodies.add(ticket);
    const [oldest] = slowBodies;
    if (oldest === undefined || slowBodies.size <= maxSlowBodies) return;
    comeBack(oldest);
    oldest.makeWay?.();
  };

  const comeBack = (ticket: Ticket): void => {
    slowBodies.delete(ticket);
    aside -= 1;
    ticket.aside = false;
  };

  /** @param since `performance.now()` that its work counts from */
  const takeBack = (ticket: Ticket, since: number): void => {
    comeBack(ticket);
    ticket.startedAt = since;
    begin(ticket);
  };

  const finish = (ticket: Ticket): void => {
    if (ticket.aside) {
      comeBack(ticket);
      return;
    }
    const ms = performance.now() - ticket.startedAt;
    if (!ticket.reading) {
      worstMs = Math.max(worstMs, ms);
      if (isCalm(atWork.size)) calmMs = Math.min(calmMs ?? ms, ms);
    }
    atWork.delete(ticket);
  };

  const endWindow = (now: number): void => {
    for (const ticket of atWork) {
      const { startedAt, waitingSince } = ticket;
      if (!ticket.reading && waitingSince === undefined) worstMs = Math.max(worstMs, now - startedAt);
      else if (now - (waitingSince ?? startedAt) >= (ticket.reading ? WINDOW_MS : ASIDE_AFTER_MS)) setAside(ticket);
    }
    state = nextLimit(state, { worstMs, lateMs: Math.max(0, now - dueAt), calmMs, peak });
    log.windowEnded(state.limit);
    worstMs = 0;
    calmMs = undefined;
    peak = atWork.size;
    clearTimeout(timer);
    timer = undefined;
    // An idle server has no timer; the limit then stays as it is.
    if (atWork.size > 0 || held.size > 0 || log.shedding) arm(now);
  };

  const arm = (now: number): void => {
    dueAt = now + WINDOW_MS;
    timer = setTimeout(() => endWindow(performance.now()), WINDOW_MS).unref();
  };

  return {
    get closed() {
      return closed;
    },
    decide(request, response) {
      const now = performance.now();
      // Timers wait until all sockets that have something to read are served, which under overload takes far too long.
      if (timer !== undefined && now >= dueAt) endWindow(now);
      if (timer === undefined && !closed) arm(now);
      if (closed || connections.isOverLimit(request.socket)) {
        refuse(logger, { request, response, line: accessLine(request) }, { last: true });
        return false;
      }
      if (isFull() || aside >= MAX_ASIDE) {
        log.refused();
        // The body is dropped as it arrives, so that a held refusal keeps no bytes.
        request.resume();
        held.hold({ request, response, line: accessLine(request) });
        return false;
      }
      const ticket: Ticket = {
        startedAt: now,
        waitingSince: undefined,
        aside: false,
        reading: true,
        makeWay: undefined,
        busy: false,
        closed: false,
      };
      tickets.set(request, ticket);
      begin(ticket);
      response.once('close', () => {
        ticket.closed = true;
        if (!ticket.busy) finish(ticket);
      });
      return true;
    },
    enter(request) {
      const ticket = tickets.get(request);
      if (ticket !== undefined) ticket.busy = true;
    },
    leave(request) {
      const ticket = tickets.get(request);
      if (ticket === undefined) return;
      ticket.busy = false;
      if (ticket.closed) finish(ticket);
    },
    reading(request, makeWay) {
      const ticket = tickets.get(request);
      if (ticket !== undefined) ticket.makeWay = makeWay;
    },
    bodyArrived(request) {
      if (closed) return false;
      const ticket = tickets.get(request);
      if (ticket === undefined) return true;
      ticket.reading = false;
      if (!ticket.aside) return true;
      if (isFull()) {
        log.refused();
        return false;
      }
      takeBack(ticket, performance.now());
      return true;
    },
    async outside(request, waiting) {
      const ticket = tickets.get(request);
      if (ticket === undefined) return waiting;
      const since = performance.now();
      ticket.waitingSince = since;
      try {
        return await waiting;
      } finally {
        ticket.waitingSince = undefined;
        if (ticket.aside) takeBack(ticket, ticket.startedAt + performance.now() - since);
      }
    },
    close() {
      closed = true;
      clearTimeout(timer);
      timer = undefined;
      held.releaseAll();
    },
  };
}
