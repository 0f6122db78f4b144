/** A far side in a process of its own: holds an embedded backend in the given folder. */
import { join } from 'node:path';
import { openEmbedded } from '../../../src/backends/embedded/index.ts';
import { codec, testContentKey } from '../../support/embedded.ts';
import { fromProcess } from './channels.ts';
import { serve } from './serve.ts';

const [folder = ''] = process.argv.slice(2);
const store = { file: join(folder, 'ums.sqlite'), contentKey: testContentKey, codec };
serve(fromProcess(), await openEmbedded(store), () => process.disconnect?.());
