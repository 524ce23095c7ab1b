// What must be true of one human after each event, worked out from the design's sentences alone (sections 1, 3 and 5):
// active = at least one carrier and no block; a source adds and removes only its own; out for good is the end of a place
// until somebody wants it again; an address is one member's, and one person's, at a time.

export type Directory = 'A' | 'B';
export type Event =
  | `${Directory} ${'creates' | 'deactivates' | 'activates' | 'deletes' | 'touches'}`
  | `admin overrides ${Directory}`
  | 'invitation sent'
  | 'invitation accepted'
  | 'invitation cancelled'
  | 'admin grants'
  | 'admin suspends'
  | 'admin reactivates'
  | 'admin removes';

export const EVENTS: readonly Event[] = [
  ...(['A', 'B'] as const).flatMap((d): Event[] => [
    `${d} creates`,
    `${d} deactivates`,
    `${d} activates`,
    `${d} deletes`,
    `${d} touches`,
    `admin overrides ${d}`,
  ]),
  'invitation sent',
  'invitation accepted',
  'invitation cancelled',
  'admin grants',
  'admin suspends',
  'admin reactivates',
  'admin removes',
];

export type Status = 'invited' | 'pending' | 'active' | 'suspended' | 'removed';
type Source = Directory | 'invitation' | 'admin';
type Person = { readonly name: string };

/** A place in the organization: a member, by the order in which places were made. */
export type Place = {
  readonly number: number;
  status: Status;
  person: Person | undefined;
  hasAddress: boolean;
  readonly carriers: Set<Source>;
  readonly blocks: Set<Source>;
  offer: 'none' | 'open';
  /** `manual`, `invite`: given by an admin or an accepted offer. What groups give follows from the directories. */
  readonly gifts: Set<'manual' | 'invite'>;
};

type User = { place: Place; live: boolean; active: boolean };

/** Whether the product must do the event, or refuse it and change nothing. */
export type Verdict = 'done' | 'refused';

export class Oracle {
  readonly places: Place[] = [];
  readonly users: Partial<Record<Directory, User>> = {};
  #addressOwner: Person | undefined;
  #persons = 0;
  /** The newest offer was accepted. */
  #wasTaken = false;

  /** The live place that has the address. */
  get holder(): Place | undefined {
    return this.places.find((place) => place.status !== 'removed' && place.hasAddress);
  }

  /** The place that an admin would act on: the newest live one. */
  get target(): Place | undefined {
    return this.places.findLast((place) => place.status !== 'removed');
  }

  /** The place of the newest offer that is open. */
  get offered(): Place | undefined {
    return this.places.findLast((place) => place.offer === 'open');
  }

  /** Which directories' groups give something here: whose user is live, wherever the place is not removed. */
  groupGifts(place: Place): Directory[] {
    if (place.status === 'removed') return [];
    return (['A', 'B'] as const).filter((d) => this.users[d]?.live && this.users[d].place === place);
  }

  apply(event: Event): Verdict {
    switch (event) {
      case 'A creates':
      case 'B creates':
        return this.#create(event[0] as Directory);
      case 'A deactivates':
      case 'B deactivates':
        return this.#say(event[0] as Directory, false);
      case 'A activates':
      case 'B activates':
        return this.#say(event[0] as Directory, true);
      case 'A touches':
      case 'B touches': {
        const user = this.#liveUser(event[0] as Directory);
        if (user) this.#settle(user.place);
        if (user) this.#state(user, event[0] as Directory);
        return user ? 'done' : 'refused';
      }
      case 'A deletes':
      case 'B deletes':
        return this.#delete(event[0] as Directory);
      case 'admin overrides A':
      case 'admin overrides B':
        return this.#override(event.at(-1) as Directory);
      case 'invitation sent':
        return this.#invite();
      case 'invitation accepted':
        return this.#accept();
      case 'invitation cancelled':
        return this.#cancel();
      default:
        return this.#administer(event);
    }
  }

  #liveUser(d: Directory): User | undefined {
    const user = this.users[d];
    return user?.live ? user : undefined;
  }

  #create(d: Directory): Verdict {
    const known = this.users[d];
    if (known?.live) return known.active ? 'refused' : this.#say(d, true);
    // after a DELETE the same externalId brings the same member back; otherwise whoever has the address is adopted
    const place = known?.place ?? this.holder ?? this.#newPlace('pending');
    this.users[d] = { place, live: true, active: true };
    this.#want(d);
    return 'done';
  }

  #say(d: Directory, active: boolean): Verdict {
    const user = this.#liveUser(d);
    if (!user) return 'refused';
    const changes = user.active !== active;
    user.active = active;
    if (!changes) return 'done';
    if (active) this.#want(d);
    else user.place.blocks.add(d);
    this.#settle(user.place);
    this.#state(user, d);
    return 'done';
  }

  #want(d: Directory): void {
    const user = this.users[d] as User;
    const { place } = user;
    place.carriers.add(d);
    if (place.status === 'removed') this.#reopen(place);
    place.blocks.delete(d);
    this.#settle(place);
    this.#state(user, d);
  }

  /** The first directory's word on the address counts; an address that somebody else has is waited for. */
  #state({ place }: User, d: Directory): void {
    if (place.status === 'removed' || place.hasAddress || this.holder) return;
    if (d === 'B' && this.#liveUser('A')?.place === place) return;
    if (place.person && this.#addressOwner && place.person !== this.#addressOwner) return;
    if (place.person) this.#addressOwner = place.person;
    place.hasAddress = true;
    this.#settle(place);
  }

  #reopen(place: Place): void {
    const others = this.places.filter((other) => other !== place && other.status !== 'removed');
    place.hasAddress &&= !others.some((other) => other.hasAddress);
    if (others.some((other) => other.person === place.person)) place.person = undefined;
    place.status = 'pending';
  }

  #delete(d: Directory): Verdict {
    const user = this.#liveUser(d);
    if (!user) return 'refused';
    user.live = false;
    user.place.carriers.delete(d);
    this.#settle(user.place);
    return 'done';
  }

  #override(d: Directory): Verdict {
    const blocked = this.places.find((place) => place.blocks.has(d));
    if (!blocked) return 'refused';
    blocked.blocks.delete(d);
    this.#settle(blocked);
    return 'done';
  }

  #invite(): Verdict {
    const known = this.places.filter(
      (place) => place.hasAddress || (place.person !== undefined && place.person === this.#addressOwner),
    );
    const live = known.find((place) => place.status !== 'removed');
    if (live?.status === 'active' || known.some((place) => place.blocks.size > 0)) return 'refused';
    if (live?.offer === 'open' || live?.status === 'suspended') return 'refused';
    const place = live ?? this.#returning(known) ?? this.#newPlace('invited');
    if (place.status === 'removed') {
      Object.assign(place, { status: 'invited', person: undefined, hasAddress: true });
    }
    place.offer = 'open';
    this.#wasTaken = false;
    return 'done';
  }

  /** Removed by an admin, or by the end of an offer; one whom a directory deleted comes back by its externalId only. */
  #returning(known: readonly Place[]): Place | undefined {
    const users = Object.values(this.users);
    return known.findLast((place) => {
      const own = users.filter((user) => user.place === place);
      const samePerson = place.person === undefined || place.person === this.#addressOwner;
      return samePerson && (own.length === 0 || own.some((user) => user.live));
    });
  }

  #accept(): Verdict {
    const place = this.offered;
    if (!place) return 'refused';
    const person = this.#addressOwner ?? this.#newPerson();
    const elsewhere = this.places.some(
      (other) => other !== place && other.status !== 'removed' && other.person === person,
    );
    if (elsewhere || (place.person && place.person !== person) || place.blocks.size > 0) return 'refused';
    this.#addressOwner = person;
    place.person = person;
    place.offer = 'none';
    place.carriers.add('invitation');
    place.gifts.add('invite');
    this.#wasTaken = true;
    this.#settle(place);
    return 'done';
  }

  #cancel(): Verdict {
    const place = this.offered;
    // cancelling again what was cancelled, or went with its place, is no fault; what was accepted cannot be
    if (!place) return this.#wasTaken ? 'refused' : 'done';
    place.offer = 'none';
    if (place.carriers.size === 0) this.#remove(place);
    return 'done';
  }

  #administer(event: Event): Verdict {
    const place = this.target;
    if (!place) return 'refused';
    if (event === 'admin grants') place.gifts.add('manual');
    if (event === 'admin removes') {
      place.carriers.clear();
      this.#remove(place);
    }
    if (event === 'admin suspends') {
      if (place.status === 'invited') return 'refused';
      place.blocks.add('admin');
      this.#settle(place);
    }
    if (event === 'admin reactivates') {
      if (place.blocks.has('A') || place.blocks.has('B')) return 'refused';
      place.blocks.delete('admin');
      this.#settle(place);
    }
    return 'done';
  }

  #newPlace(status: Status): Place {
    const fresh = { person: undefined, hasAddress: true, carriers: new Set<Source>(), blocks: new Set<Source>() };
    const place: Place = { number: this.places.length, status, ...fresh, offer: 'none', gifts: new Set() };
    this.places.push(place);
    return place;
  }

  #newPerson(): Person {
    this.#persons += 1;
    return { name: `person ${this.#persons}` };
  }

  #remove(place: Place): void {
    place.status = 'removed';
    place.offer = 'none';
    place.gifts.clear();
  }

  #settle(place: Place): void {
    const blocked = place.blocks.size > 0;
    if (place.carriers.size === 0) {
      if (place.status === 'removed' || place.status === 'invited') return;
      if (place.offer === 'none') this.#remove(place);
      else place.status = blocked ? 'suspended' : 'invited';
      return;
    }
    if (blocked) {
      if (place.status !== 'removed') place.status = 'suspended';
      return;
    }
    place.status = this.#admit(place) ? 'active' : 'pending';
  }

  /** The domain is the organization's own, so an address is a person: its owner's if nobody holds that one, else a new one. */
  #admit(place: Place): boolean {
    if (place.status === 'active') return true;
    if (place.person) {
      if (this.#addressOwner === place.person) return true;
      if (this.#addressOwner || !place.hasAddress) return false;
      this.#addressOwner = place.person;
      return true;
    }
    if (!place.hasAddress) return false;
    const owner = this.#addressOwner;
    const places = this.places.filter((other) => owner !== undefined && other.person === owner);
    if (places.some((other) => other.status !== 'removed')) return false;
    place.person = owner && places.length === 0 ? owner : this.#newPerson();
    this.#addressOwner = place.person;
    return true;
  }
}
