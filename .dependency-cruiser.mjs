// Who may import whom. `npm run lint` holds the code to it (scripts/check-boundaries.ts); the rooms are told in
// docs/architecture.md. A type import counts like any other: knowing a shape is knowing the room.

/** Every room of src/ and the rooms it may import besides itself. A folder that is not named here is an error. */
const rooms = {
  domain: [],
  // Ports know the domain's words. eventsourcing/ and read-models/ are code that the rooms above share: it needs ports
  // and the domain only, and in a room of its own each of them would have to be allowed to import that one too.
  ports: ['domain'],
  commands: ['domain', 'ports'],
  queries: ['domain', 'ports'],
  projections: ['domain', 'ports'],
  workers: ['domain', 'ports'],
  api: ['commands', 'queries', 'domain', 'ports'],
  backends: ['ports', 'domain'],
  // Signs and sends, for `ums call`, the sandbox's terminals and whoever embeds it.
  client: ['domain'],
  sandbox: ['client', 'domain', 'ports'],
  config: ['domain'],
  cli: ['client', 'config', 'domain'],
  // The composition root. Errors that end a command are words of the command line.
  roles: ['api', 'backends', 'cli', 'client', 'config', 'domain', 'ports', 'projections', 'sandbox', 'workers'],
  // Hands over to a command or a role; the sandbox's demo apps are what it gives the config reader to write.
  main: ['cli', 'config', 'roles', 'sandbox'],
};

const place = (room) =>
  room === 'main' ? '^src/main\\.ts$' : room === 'config' ? '^src/config(/|\\.ts$)' : `^src/${room}/`;

const roomRules = Object.entries(rooms).map(([room, others]) => ({
  name: `${room}-imports`,
  comment: `${room} imports of ours only: ${others.join(', ') || 'nothing'}`,
  severity: 'error',
  from: { path: place(room) },
  to: { path: '^src/', pathNot: [room, ...others].map(place) },
}));

export default {
  forbidden: [
    ...roomRules,
    {
      name: 'no-unknown-room',
      comment: 'a new folder of src/ gets its line in the table of .dependency-cruiser.mjs first',
      severity: 'error',
      from: {},
      to: { path: '^src/', pathNot: Object.keys(rooms).map(place) },
    },
    {
      name: 'no-imports-in-unknown-room',
      comment: 'a new folder of src/ gets its line in the table of .dependency-cruiser.mjs first',
      severity: 'error',
      from: { path: '^src/', pathNot: Object.keys(rooms).map(place) },
      to: {},
    },
    {
      name: 'src-stands-alone',
      comment: 'the product needs no test, benchmark or script',
      severity: 'error',
      from: { path: '^(src|bin)/' },
      to: { path: '^(test|bench|scripts)/' },
    },
    {
      name: 'sqlite-behind-the-ports',
      severity: 'error',
      comment: 'only backends know that there is SQLite (a test may spoil a file on purpose)',
      from: { path: '^src/', pathNot: '^src/backends/' },
      to: { path: '^(node:)?sqlite$' },
    },
    {
      name: 'engines-behind-the-ports',
      severity: 'error',
      comment: 'only the distributed backend knows EventStoreDB, MongoDB and Redis',
      from: { path: '^src/', pathNot: '^src/backends/distributed/' },
      to: { path: '(^|/)(mongodb|bullmq|ioredis|@eventstore/db-client|@grpc/grpc-js)(/|$)' },
    },
    {
      name: 'mqtt-in-its-channel',
      severity: 'error',
      comment: 'only the M2M channel and the sandbox know MQTT',
      from: { path: '^src/', pathNot: '^src/(workers/channels/m2m|sandbox)/' },
      to: { path: '(^|/)mqtt(/|$)' },
    },
    {
      name: 'broker-in-the-sandbox',
      severity: 'error',
      comment: 'the broker stands in for the outside world',
      from: { path: '^src/', pathNot: '^src/sandbox/' },
      to: { path: '(^|/)aedes(/|$)' },
    },
    {
      name: 'pino-where-the-logger-is-made',
      severity: 'error',
      comment: 'all other rooms know the Logger of ports',
      from: { path: '^src/', pathNot: '^src/roles/process/' },
      to: { path: '(^|/)pino(/|$)' },
    },
    {
      name: 'pure-domain',
      severity: 'error',
      comment: 'no I/O in the domain; of Node it needs hashes only, of npm schemas',
      from: { path: '^src/domain/' },
      to: { pathNot: ['^src/', '^(node:)?crypto$', '^node_modules/zod/'] },
    },
    {
      name: 'files-and-threads-behind-the-ports',
      severity: 'error',
      comment: 'what runs on many machines must not lean on the files, threads or name of one',
      from: { path: '^src/(domain|ports|commands|queries|projections|workers|api)/' },
      to: { path: '^(node:)?(fs|worker_threads|child_process|cluster|os)(/|$)' },
    },
    {
      name: 'contract-suites-know-the-port-alone',
      severity: 'error',
      comment:
        'a suite that looks behind the port cannot hold another backend; the enrolments (*.test.ts), and what they start elsewhere (embedded-*.ts), open the backend',
      from: { path: '^test/contract/', pathNot: ['\\.test\\.ts$', '/embedded-[a-z]+\\.ts$'] },
      to: { path: '^src/', pathNot: ['^src/(ports|domain)/'] },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'who imports each other is one thing; in the product, types count as well',
      from: { path: '^src/' },
      to: { circular: true },
    },
    {
      name: 'no-cycles-at-run-time',
      severity: 'error',
      comment: 'elsewhere a part may name the types of the whole that it belongs to (a suite those of its harness)',
      from: { pathNot: '^src/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      comment: 'neither imports nor is imported: dead',
      from: { orphan: true, path: '^(src|test)/', pathNot: '\\.(test|d)\\.ts$' },
      to: {},
    },
    {
      name: 'resolvable',
      severity: 'error',
      comment: 'an import that leads nowhere',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'packages-are-declared',
      severity: 'error',
      comment: 'what the product imports is in dependencies, not merely there by accident or for development',
      from: { path: '^(src|bin)/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    // TypeScript 7 has no API that dependency-cruiser can parse with; its other parsers don't see which imports are types.
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
