// Whether this machine has the Java that Keycloak 26.7 needs.

import { runToEnd } from './processes.ts';
import { StartTrouble } from './trouble.ts';

const OLDEST_JAVA = 17;
const CURE = `install Java ${OLDEST_JAVA} or newer, for example Eclipse Temurin (https://adoptium.net) or the package openjdk-${OLDEST_JAVA}-jre-headless, and run again`;

/** Throws `java_missing` or `java_too_old`; the rest of the system can go on without Keycloak. */
export async function requireJava(env: NodeJS.ProcessEnv = process.env): Promise<void> {
  // kc.sh looks for Java in the same order.
  const command = env.JAVA_HOME ? `${env.JAVA_HOME}/bin/java` : 'java';
  const asked = await runToEnd(command, ['-version'], { env }).catch(() => undefined);
  if (asked === undefined || asked.code !== 0) {
    throw new StartTrouble('java_missing', `Keycloak needs Java and none was found: ${CURE}.`);
  }
  const version = /version "(\d+)(?:\.(\d+))?/.exec(asked.output);
  // Up to Java 8 the number that counts stood second: 1.8.
  const major = Number(version?.[1] === '1' ? version[2] : version?.[1]);
  if (!(major >= OLDEST_JAVA)) {
    throw new StartTrouble(
      'java_too_old',
      `Keycloak needs Java ${OLDEST_JAVA} and this is Java ${major || '(unknown)'}: ${CURE}.`,
    );
  }
}
