import { composeRehearsal } from '#sandtable';
import { runAll } from '#rehearsal/run.ts';
import { rehearsal } from '#rehearsal/rehearsal.ts';
import { prepareWebFleet, deploy, finished } from '/work/main/rehearsals/deploy/web-fleet.ts';
const driver = process.argv[2] as any; const rate = Number(process.argv[3] ?? 10);
const r = rehearsal({ title: 't', prepare: (scene) => prepareWebFleet(scene, { size: 2, deregistrationDelaySeconds: 5 }),
 async run(scene, fleet: any) {
  console.log('prepared', scene.clock.now);
  scene.traffic.start({ host: fleet.host, port: 80, path: '/', ratePerSecond: 400, resolution: 'binned' });
  await scene.clock.sleep(20_000);
  const { deploymentId } = await deploy(scene, 'v2', { deploymentConfigName: 'CodeDeployDefault.OneAtATime' });
  const d = await finished(scene, deploymentId);
  await scene.clock.sleep(10_000);
  return { ended: d.status!, deploymentIds: [deploymentId] };
 } });
const t = performance.now();
const [res] = await runAll(r as any, composeRehearsal(driver, rate), {});
const { measurement, deployments, timings, ...rest } = res!;
console.log(performance.now() - t, JSON.stringify(rest), JSON.stringify({ ...measurement, series: measurement!.series.length }), JSON.stringify(deployments[0]!.targets, null, 0));
