import type { RegistrationEvent } from '../domain/events.ts';
import { sortablePosition } from '../domain/position.ts';
import { RegistrationStatus } from '../domain/status.ts';
import { registrationId, streamPrefixes } from '../domain/streams.ts';
import { type DeviceDocument, devices } from '../ports/read-models/devices.ts';
import type { Projection } from './projection.ts';

/** One document for each registration. After its end a registration stays, but is found only by its id. */
export const devicesProjection: Projection<DeviceDocument, RegistrationEvent> = {
  name: 'devices',
  collection: devices,
  filter: {
    prefixes: [streamPrefixes.registration],
    types: ['ChannelRegistered', 'ChannelUpdated', 'ChannelUnregistered'],
  },
  idsOf: ({ data }) => [registrationId(data)],
  evolve(document, { event, position }) {
    switch (event.type) {
      case 'ChannelRegistered':
      case 'ChannelUpdated':
        return {
          ...event.data,
          status: event.type === 'ChannelRegistered' ? RegistrationStatus.registered : RegistrationStatus.updated,
          firstPosition: document?.firstPosition ?? sortablePosition(position),
        };
      case 'ChannelUnregistered':
        return document === undefined ? undefined : { ...document, status: RegistrationStatus.unregistered };
    }
  },
};
