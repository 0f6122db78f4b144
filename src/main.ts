/** The command line: parses it, loads the configuration and hands over. No logic. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { usable } from './cli/configuration.ts';
import { CommandFailed, exitCodes } from './cli/exit-codes.ts';
import { loadConfig, readConfig, readPlaces } from './config.ts';
import { demoApps, isDemo } from './sandbox/demo-apps.ts';

/**
 * Runs the command that the process's arguments name; `process.exitCode` says how it ended.
 * @param onHearing called once the service handles signals itself
 */
export async function run(onHearing: () => void): Promise<void> {
  // A reader that has seen enough, such as `head`, is no fault of the command.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') process.exitCode ??= exitCodes.unusable;
  });
  try {
    await commands(onHearing).parseAsync();
  } catch (error) {
    // Help and version end this way too, with code 0. A fault has been printed by then.
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : exitCodes.usage;
    else if (error instanceof CommandFailed) {
      process.stderr.write(`ums: ${error.message}\n`);
      process.exitCode = error.exitCode;
    } else throw error;
  }
}

function commands(onHearing: () => void): Command {
  const program = new Command('ums')
    .description(
      'UMS, the message push service: register terminals, push messages to them, follow what became of each.',
    )
    .version(version())
    // Throws instead of ending the process; the commands inherit this and the next settings.
    .exitOverride()
    .showSuggestionAfterError(true)
    // One line: the fault, then the suggestion.
    .configureOutput({
      outputError: (text, write) => write(text.replace(/^error: /, 'ums: ').replace(/\n(?=\(Did you mean)/, ' ')),
    })
    .addHelpCommand(
      new Command('help').argument('[command]').description('Shows how a command is used.').helpGroup('All:'),
    )
    .addHelpText('after', examples('serve --sandbox', 'call /ums/v2/devlist --user u1', 'backup /backup/today'));
  serviceCommands(program.commandsGroup('Operators, to run the service:'), onHearing);
  dataCommands(program.commandsGroup('Operators, to look after its data:'));
  integratorCommands(program.commandsGroup('Integrators, to try requests:'));
  return program;
}

function serviceCommands(program: Command, onHearing: () => void): void {
  program
    .command('serve')
    .description('Runs the whole service in one process.')
    .option('--sandbox', 'also a JPush look-alike and virtual terminals; makes demo apps when there is no apps file')
    .addHelpText('after', examples('serve', 'serve --sandbox'))
    .action(async ({ sandbox = false }: { sandbox?: boolean }) => {
      const config = usable(loadConfig(process.env, { sandbox, isDemo, ...(sandbox && { demoApps }) }));
      const { serve } = await import('./roles/serve.ts');
      await serve(config, onHearing);
    });

  program
    .command('config')
    .description('Prints the configuration in force, secrets masked.')
    .option('--json', 'as JSON')
    .addHelpText('after', examples('config', 'config --json'))
    .action(async (options: { json?: true }) => {
      const { showConfig } = await import('./cli/show-config.ts');
      process.stdout.write(`${showConfig(usable(readConfig(process.env)), options)}\n`);
    });
}

function dataCommands(program: Command): void {
  program
    .command('backup')
    .description('Copies the data into a new folder, also while the service runs.')
    .argument('<path>', 'of the folder; it must be empty or not there yet')
    .option('--with-keys', 'also the secrets and the apps file')
    .addHelpText('after', examples('backup /backup/today', 'backup /backup/today --with-keys'))
    .action(async (path: string, { withKeys = false }: { withKeys?: boolean }) => {
      const config = usable(readConfig(process.env, 'run'));
      const { takeBackup } = await import('./roles/backup/backup.ts');
      process.stdout.write(`${await takeBackup(config, path, withKeys)}\n`);
    });

  program
    .command('restore')
    .description('Fills the data folder, which must be empty, from a backup.')
    .argument('<path>', 'of a folder that "backup" made')
    .addHelpText('after', examples('restore /backup/today'))
    .action(async (path: string) => {
      const places = usable(readPlaces(process.env));
      const { restore } = await import('./roles/backup/restore.ts');
      process.stdout.write(`${await restore(places, path)}\n`);
    });

  program
    .command('rebuild')
    .description('Builds a read model anew from the event log, then swaps it in.')
    .argument('<projection>', 'such as devices, messages, deliveries')
    .addHelpText('after', examples('rebuild devices'))
    .action(async (projection: string) => {
      const config = usable(readConfig(process.env, 'run'));
      const { rebuild } = await import('./roles/rebuild.ts');
      process.stdout.write(`${await rebuild(config, projection)}\n`);
    });
}

function integratorCommands(program: Command): void {
  program
    .command('call')
    .description('Signs a request, sends it to the running service and prints the answer.')
    .argument('<path>', 'such as /ums/v2/msgPush')
    .argument('[body]', 'a JSON object', '{}')
    .option('--app <id>', 'the calling app; default: the first that may call this path')
    .option('--client <id>', 'the calling terminal; default on /ums/: cli')
    .option('--user <id>', 'the logged-in user, for whom a token is minted')
    .option('--sequence <id>', 'the sequenceId; default: a fresh one')
    .option('--url <url>', 'where the service is; default: http://UMS_HOST:UMS_PORT')
    .addHelpText(
      'after',
      examples(
        'call /ums/v2/devlist --user u1',
        `call /ums/v2/msgPush '{"dst":{"type":0,"Id":["phone-1"]},"message":{"hello":1}}' --user u1 --client fridge-1`,
      ),
    )
    .action(async (path: string, body: string, options: Record<string, string>) => {
      const { call } = await import('./cli/call.ts');
      process.exitCode = await call(usable(readConfig(process.env)), path, body, options);
    });
}

function version(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

function examples(...lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  npm run ums -- ${line}`).join('\n')}`;
}
