// What a receive finds in a FIFO queue: as many messages of one message group as there are, then those of the next.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html

import type { Message } from './message.ts';

interface Group {
  /** Since when its first message is visible: the group whose turn has come longest ago is served first. */
  readonly since: number;
  readonly ready: Message[];
  /** Whether a message in flight or delayed holds back those behind it. */
  held: boolean;
}

/** The message groups of a queue whose messages are given in the order of sending. */
export class MessageGroups {
  readonly #groups = new Map<string, Group>();
  #next: Group | undefined;

  add(message: Message, now: number): void {
    const id = message.groupId ?? '';
    const isVisible = message.visibleAt <= now;
    const group = this.#groups.get(id);
    if (group) {
      if (isVisible && !group.held) group.ready.push(message);
      else group.held = true;
      return;
    }
    const added = { since: message.visibleAt, ready: isVisible ? [message] : [], held: !isVisible };
    this.#groups.set(id, added);
    if (isVisible && added.since < (this.#next?.since ?? Infinity)) this.#next = added;
  }

  /** Whether no message sent from `sentAt` on can be among the first `most`. */
  isSettled(most: number, sentAt: number): boolean {
    return this.#next !== undefined && this.#next.ready.length >= most && this.#next.since <= sentAt;
  }

  first(most: number): Message[] {
    return [...this.#groups.values()]
      .toSorted((left, right) => left.since - right.since)
      .flatMap(({ ready }) => ready)
      .slice(0, most);
  }
}
