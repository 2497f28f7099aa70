import { rehearsal } from 'sandtable';
import { prepareWebFleet, deploy, finished, SERVE_V1 } from '../rehearsals/deploy/web-fleet.ts';
export default rehearsal({ title: 'refused', async run(scene) {
  const fleet = await prepareWebFleet(scene, { size: 1, deployFirst: false, userData: SERVE_V1 });
  return { ended: 'x' };
} });
