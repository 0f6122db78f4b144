import { requireNode } from './require-node.mjs';

requireNode();
