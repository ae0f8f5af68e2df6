// A certified OAuth2 server (npm oidc-provider) on loopback, an API that takes its tokens, and a door for the tests.
// Arguments: the package's entry, seconds that an access token lasts. Prints its address.
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';

const [entry, lasts] = process.argv.slice(2);
const { Provider } = await import(entry);
console.warn = console.info = () => {};

const log = [];
const waiters = [];
function note(entry) {
  log.push(entry);
  waiters.forEach((look) => look());
}
const renewedBy = new Map(); // access token -> the refresh token that came with it
let watched = '';
let gates = [];
let held = '';

const server = createServer((request, response) => answer(request, response));
await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
const url = `http://127.0.0.1:${server.address().port}`;
const native = {
  grant_types: ['authorization_code', 'refresh_token'],
  redirect_uris: ['http://127.0.0.1/callback', 'http://localhost/callback', 'https://app.example/done'],
  application_type: 'web',
};
const provider = new Provider(url, {
  clients: [
    { ...native, application_type: 'native', redirect_uris: native.redirect_uris.slice(0, 2), client_id: 'app', client_secret: 'app-secret-4711' },
    { ...native, application_type: 'native', redirect_uris: native.redirect_uris.slice(0, 2), client_id: 'public', token_endpoint_auth_method: 'none' },
    { ...native, redirect_uris: ['https://app.example/done'], client_id: 'hosted', client_secret: 'hosted-secret-4711', token_endpoint_auth_method: 'client_secret_post' },
    { client_id: 'machine', client_secret: 'machine-secret-4711', grant_types: ['client_credentials'], redirect_uris: [], response_types: [] },
  ],
  scopes: ['openid', 'offline_access', 'read'],
  cookies: { keys: ['a key for tests'] },
  features: { clientCredentials: { enabled: true }, revocation: { enabled: true } },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  issueRefreshToken: () => true,
  rotateRefreshToken: true,
  pkce: { required: () => true },
  ttl: { AccessToken: Number(lasts), ClientCredentials: Number(lasts), RefreshToken: 86400, Grant: 86400, Session: 86400, Interaction: 3600, IdToken: 3600 },
});
provider.on('grant.success', (ctx) => {
  note({ grant: ctx.oidc.params.grant_type });
  renewedBy.set(ctx.body.access_token, ctx.body.refresh_token ?? '');
});
provider.on('grant.error', (ctx, error) => note({ grant: ctx.oidc?.params?.grant_type ?? '', error: error.error }));
const oidc = provider.callback();

async function answer(request, response) {
  if (request.url.startsWith('/door')) return door(request, response);
  if (held && request.url.startsWith(held)) {
    note({ held });
    await new Promise((go) => gates.push(go));
  }
  if (request.url.startsWith('/api')) return api(request, response);
  return oidc(request, response);
}

async function api(request, response) {
  const token = (request.headers.authorization ?? '').replace(/^Bearer /, '');
  const known = (await provider.AccessToken.find(token)) ?? (await provider.ClientCredentials.find(token));
  const refresh = renewedBy.get(token);
  const stored = watched && refresh ? readFileSync(watched, 'utf8').includes(refresh) : null;
  note({ api: known ? 200 : 401, stored });
  response.writeHead(known ? 200 : 401, { 'Content-Type': 'application/json' });
  response.end(known ? '[{"id": 1, "name": "one"}]' : '{"error": "invalid_token"}');
}

async function door(request, response) {
  const asked = new URL(request.url, url).searchParams;
  const what = asked.get('do');
  if (what === 'watch') watched = asked.get('file');
  if (what === 'hold') held = asked.get('path');
  if (what === 'release') {
    held = '';
    gates.splice(0).forEach((go) => go());
  }
  if (what === 'revoke') {
    const token = await provider.RefreshToken.find(asked.get('token'));
    if (token) await provider.Grant.find(token.grantId).then((grant) => Promise.all([grant?.destroy(), token.destroy()]));
  }
  if (what === 'forget') await provider.AccessToken.find(asked.get('token')).then((token) => token?.destroy());
  if (what === 'await') { // until as many entries hold this fact
    const [name, value] = [asked.get('name'), JSON.parse(asked.get('value'))];
    const enough = () => log.filter((entry) => entry[name] === value && !entry.error).length >= Number(asked.get('count'));
    if (!enough()) await new Promise((go) => waiters.push(() => enough() && go()));
  }
  const said = JSON.stringify(log);
  if (what === 'clear') log.length = 0;
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.end(said);
}
console.log(url);
