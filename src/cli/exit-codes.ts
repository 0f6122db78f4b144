/** Exit codes of the process; those from 64 to 78 are of sysexits.h. */
export const exitCodes = {
  /** `call`: the answer was a refusal; other commands: something unforeseen. */
  failed: 1,
  /** The command line can't be understood. */
  usage: 2,
  /** The service can't be reached. */
  unavailable: 69,
  /** A file can't be used: it is damaged, or the disk is full. */
  unusable: 74,
  /** Try again later: the data folder is held by another process. */
  held: 75,
  /** Bad configuration. */
  configuration: 78,
  /** Ctrl-C was pressed again while the service was stopping: its work was cut off. Shells give SIGINT this code. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Ends the command with one line for its user. Thrown anywhere below a command. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
  readonly exitCode: ExitCode;
  constructor(exitCode: ExitCode, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}
