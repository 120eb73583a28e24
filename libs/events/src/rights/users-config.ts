import { BROKER_USERS, brokerRights, type BrokerUser } from './broker-rights.ts';

/** The environment variable of nats-server that has a user's password. */
export function passwordVariable(user: BrokerUser): string {
  return `NATS_PASSWORD_${user.toUpperCase().replace('-', '_')}`;
}

/**
 * The users of the platform for nats-server's configuration, each with its least rights and its password from an environment
 * variable, which nats-server reads itself: the text has no secret.
 */
export function usersConfig(): string {
  const users = BROKER_USERS.map((user) => {
    const { publish, subscribe } = brokerRights(user);
    return [
      '    {',
      `      user: ${user}`,
      `      password: $${passwordVariable(user)}`,
      '      permissions {',
      `        publish: [\n${listed(publish)}\n        ]`,
      `        subscribe: [\n${listed(subscribe)}\n        ]`,
      '      }',
      '    }',
    ].join('\n');
  });
  return `authorization {\n  users: [\n${users.join('\n')}\n  ]\n}\n`;
}

function listed(subjects: readonly string[]): string {
  return [...new Set(subjects)].map((subject) => `          "${subject}"`).join('\n');
}
