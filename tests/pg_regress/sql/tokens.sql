--
-- Tokens: keys, their algorithms, claims, and that nothing but the right token lets anybody in. SECURITY.md: T26.
--
\set VERBOSITY terse
\set QUIET off
SET docacl.account = 'main';
DO $$ BEGIN PERFORM acl_create_account('tokens'); PERFORM acl_create_account('other'); END $$;
SET docacl.account = 'other';
DO $$ BEGIN PERFORM person('ann', 'Users'); END $$;
SET docacl.account = 'tokens';
DO $$ BEGIN
  PERFORM person('ann', 'Users');
  PERFORM person('bob', 'Users');
  PERFORM person('boss', 'Administrators');
END $$;

-- Tokens by hand, signed with HMAC-SHA-256 (RFC 2104).
CREATE FUNCTION base64url(bytea) RETURNS text LANGUAGE sql AS
$$ SELECT translate(encode($1, 'base64'), E'+/=\n', '-_') $$;
CREATE FUNCTION hmac256(message bytea, secret bytea) RETURNS bytea LANGUAGE plpgsql AS
$$ DECLARE
     k bytea := CASE WHEN length(secret) > 64 THEN sha256(secret) ELSE secret END;
     inner_pad bytea := decode(repeat('36', 64), 'hex');
     outer_pad bytea := decode(repeat('5c', 64), 'hex');
   BEGIN
     FOR i IN 0..length(k) - 1 LOOP
       inner_pad := set_byte(inner_pad, i, get_byte(k, i) # 54);
       outer_pad := set_byte(outer_pad, i, get_byte(k, i) # 92);
     END LOOP;
     RETURN sha256(outer_pad || sha256(inner_pad || message));
   END $$;
CREATE FUNCTION token(claims text, secret text DEFAULT 'a secret of at least thirty-two bytes', header text DEFAULT '{"alg":"HS256","kid":"one"}')
RETURNS text LANGUAGE plpgsql AS
$$ DECLARE
     message text := base64url(convert_to(header, 'UTF8')) || '.' || base64url(convert_to(claims, 'UTF8'));
   BEGIN
     RETURN message || '.' || base64url(hmac256(convert_to(message, 'UTF8'), convert_to(secret, 'UTF8')));
   END $$;
-- Claims that are right, and what is added to or changed in them.
CREATE FUNCTION claims(more text DEFAULT '{}', without text DEFAULT '') RETURNS text LANGUAGE sql AS
$$ SELECT (('{"sub":"ann","account":"tokens","exp":4102444800}'::jsonb || more::jsonb) - without)::text $$;
-- Who a token makes a session of the application's, or how it is refused. Undone afterwards.
CREATE FUNCTION login(token text, db_role text DEFAULT 'regress_app') RETURNS text LANGUAGE plpgsql AS
$$ DECLARE
     who text;
     said text;
     after text;
   BEGIN
     BEGIN
       PERFORM set_config('role', db_role, true);
       PERFORM acl_login(token, local => false);
       SELECT principal || ' of ' || account || ' by ' || identified INTO who FROM acl_session();
       RAISE EXCEPTION USING ERRCODE = 'ZZ999';
     EXCEPTION
       WHEN SQLSTATE 'ZZ999' THEN RETURN who;
       WHEN OTHERS THEN
         GET STACKED DIAGNOSTICS said = MESSAGE_TEXT;
         RETURN SQLSTATE || '  ' || said;
     END;
   END $$;
-- What superusers are refused.
CREATE FUNCTION refusal(statement text) RETURNS text LANGUAGE plpgsql AS
$$ BEGIN EXECUTE statement; RETURN 'no error'; EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE || '  ' || SQLERRM; END $$;

--
-- keys
--
SELECT login(token(claims())) AS "28000";                                     -- no key at all
SELECT refusal('SELECT acl_issue_token(''ann'', ''1 hour'')') AS "55000";
SELECT attempt('boss', 'SELECT acl_add_token_key(''k'', ''HS256'', repeat(''x'', 40))') AS "42501";
SELECT attempt('system', 'SELECT acl_add_token_key(''k'', ''HS256'', repeat(''x'', 40))') AS "42501";
SELECT attempt('boss', 'SELECT acl_drop_token_key(''k'')') AS "42501";
SELECT refusal('SELECT acl_add_token_key(NULL, ''HS256'', repeat(''x'', 40))') AS "22023";
SELECT refusal('SELECT acl_add_token_key(''k'', ''none'', repeat(''x'', 40))') AS "22023";
SELECT refusal('SELECT acl_add_token_key(''k'', ''HS512'', repeat(''x'', 40))') AS "22023";
SELECT refusal('SELECT acl_add_token_key(''k'', ''HS256'', repeat(''x'', 31))') AS "22023, short";
SELECT refusal('SELECT acl_drop_token_key(''k'')') AS "42704";
\set rsa_pem '-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAg6ydkiz8dHHW/Sx0bKWz\nLpVJXPuKcPwu5Ak+NVk713IlQRPerAT6lrF2kyalT1Md2n1AXIqF3kFK6YX96iPW\nNVlgl/+U6oJA3vqnBEit6x3HMVHZIZ6a4MK5VYXehFSbNG73eFENhD7hkh34bvoX\nEbS5B4xNYlrBrNJ6Ay9tVAilOIhNIyhwb1y7w3MHvJRHs2pFHGQJCtbY82ERRyMd\nEn7/cMrQ/MDg6iZAEERRGIWp4Yzpwc4yM9wwtCwC1xPAkwVOJ0zPgnCUHbtiCNxW\nqIXCaVA5tNfjP00pIcIwBPu/eUxrv0+a4dX99Jl8pgjGf03HMS48FlF11wOKal6r\n+QIDAQAB\n-----END PUBLIC KEY-----'
\set ec_pem '-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqmRC3BWAB73r8oJFjUmSTCQ5WaXb\nGOE1obFrpNlfh8E27wghj3eku1AekDu9AMjFUZ6eEh+rUwAyfA92E1zd8A==\n-----END PUBLIC KEY-----'
\set ed_pem '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEADz2HliXabHVTYMZyFWSACDSZ5M7mt0D5VR0EO2FFZFI=\n-----END PUBLIC KEY-----'
\set small_pem '-----BEGIN PUBLIC KEY-----\nMIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDMxTPqbOfCbaQkLx9dnMlaYO//\nFu4j1QIHVxwJ9JAk1lBoGmJcArjd7EqETI7VIDp0MuHEDM/G05RLhfVO8K1JuTQV\nyR+TQHh16s2SrOuf8zH4r0nHEvSIFl38Yc88s8nLAOZHqhs4xZvpPYs5THhmn1cn\n7ZpRIN8ULcYCUGHYpwIDAQAB\n-----END PUBLIC KEY-----'
SELECT refusal(format('SELECT acl_add_token_key(''k'', ''HS256'', %L)', :'rsa_pem')) AS "22023, no secret";
SELECT refusal(format('SELECT acl_add_token_key(''k'', ''RS256'', %L)', :'ec_pem')) AS "22023, another algorithm's";
SELECT refusal(format('SELECT acl_add_token_key(''k'', ''ES256'', %L)', :'ed_pem')) AS "22023, another algorithm's";
SELECT refusal(format('SELECT acl_add_token_key(''k'', ''EdDSA'', %L)', :'rsa_pem')) AS "22023, another algorithm's";
SELECT refusal(format('SELECT acl_add_token_key(''k'', ''RS256'', %L)', :'small_pem')) AS "22023, 1024 bits";
SELECT refusal('SELECT acl_add_token_key(''k'', ''EdDSA'', repeat(''x'', 40))') AS "22023, no PEM";
DO $$ BEGIN PERFORM acl_add_token_key('one', 'HS256', 'a secret of at least thirty-two bytes'); END $$;
SELECT refusal('SELECT acl_add_token_key(''one'', ''HS256'', repeat(''x'', 40))') AS "42710";
-- nobody reads them
SELECT attempt('boss', 'SELECT key FROM docacl.token_key') AS "42501";
SELECT attempt('boss', 'SELECT hash FROM docacl.api_key') AS "42501";
SELECT attempt('boss', 'SELECT value FROM docacl.secret') AS "42501";
SELECT attempt('boss', 'DELETE FROM docacl.token_key') AS "42501";
SELECT attempt('system', 'SELECT key FROM docacl.token_key') AS "42501";

--
-- the claims
--
SELECT login(token(claims())) AS ann;
SELECT login(token(claims()), 'regress_stranger') AS "ann: a token needs no trusted role";
SELECT login(token(claims('{"sub":"ANN@tokens.example"}'))) AS "ann, by her e-mail";
SELECT login(token(claims('{"sub":"ann@tokens.example"}', 'account'))) AS "ann, without an account";
SELECT login(token(claims('{"sub":"tokens:ann"}', 'account'))) AS "ann, by her key";
SELECT login(token(claims('{"account":"other"}'))) AS "the other account's ann";
SELECT login(token(claims('{}', 'account'))) AS "ann: docacl.account is a trusted role's to set";
SELECT login(token(claims('{}', 'account')), 'regress_stranger') AS "28000, and nobody else's";
SELECT login(token(claims('{"exp":4102444800.5}'))) AS ann;
SELECT login(token(claims('{"nbf":1000000000}'))) AS ann;
SELECT n, login(token(claims(more, without))) FROM (VALUES
  (1, '{"sub":"nobody of this name"}', ''), (2, '{"sub":"Users"}', ''), (3, '{"sub":"system"}', ''), (4, '{"sub":"system"}', 'account'),
  (5, '{"sub":7}', ''), (6, '{"sub":null}', ''), (7, '{}', 'sub'), (8, '{"sub":""}', ''), (9, '{"sub":["ann"]}', ''),
  (10, '{"account":"no such account"}', ''), (11, '{"account":null}', ''), (12, '{"account":1}', ''),
  (13, '{"exp":1000000000}', ''), (14, '{}', 'exp'), (15, '{"exp":"4102444800"}', ''), (16, '{"exp":null}', ''), (17, '{"exp":-1}', ''), (18, '{"exp":1e300}', ''),
  (19, '{"nbf":4102444800}', ''), (20, '{"nbf":"soon"}', ''), (21, '{"nbf":null}', ''),
  (22, '{"aud":"elsewhere"}', ''), (23, '{"aud":["elsewhere"]}', ''), (24, '{"docacl_id":1}', ''), (25, '{"docacl_id":"x"}', '')
) AS v(n, more, without) ORDER BY n;
-- clocks that differ: only as far as the setting says
SELECT login(token(claims(format('{"exp":%s}', extract(epoch FROM now())::bigint - 20)))) AS "28000";
SELECT login(token(claims(format('{"nbf":%s}', extract(epoch FROM now())::bigint + 20)))) AS "28000";
SET docacl.token_clock_skew = '60s';
SELECT login(token(claims(format('{"exp":%s}', extract(epoch FROM now())::bigint - 20)))) AS ann;
SELECT login(token(claims(format('{"nbf":%s}', extract(epoch FROM now())::bigint + 20)))) AS ann;
SELECT login(token(claims(format('{"exp":%s}', extract(epoch FROM now())::bigint - 120)))) AS "28000";
RESET docacl.token_clock_skew;
-- the audience: asked for, it must be there; what was let in without is not let in with
SET docacl.token_audience = 'here';
SELECT login(token(claims())) AS "28000";
SELECT login(token(claims('{"aud":"here"}'))) AS ann;
SELECT login(token(claims('{"aud":["there","here"]}'))) AS ann;
SELECT login(token(claims('{"aud":"there"}'))) AS "28000";
SELECT login(token(claims('{"aud":{"here":1}}'))) AS "28000";
RESET docacl.token_audience;
SELECT login(token(claims('{"aud":"here"}'))) AS "28000";
SET docacl.token_issuer = 'us';
SELECT login(token(claims())) AS "28000";
SELECT login(token(claims('{"iss":"us"}'))) AS ann;
SELECT login(token(claims('{"iss":["us"]}'))) AS "28000";
SELECT login(token(claims('{"iss":"them"}'))) AS "28000";
RESET docacl.token_issuer;
SELECT login(token(claims('{"iss":"whoever"}'))) AS ann;
-- the claims that name principal and account
SET docacl.token_claim = 'email';
SELECT login(token(claims())) AS "28000";
SELECT login(token(claims('{"email":"bob@tokens.example"}'))) AS bob;
RESET docacl.token_claim;
SET docacl.token_account_claim = 'tenant';
SELECT login(token(claims('{"tenant":"other"}'))) AS "the other account's ann";
RESET docacl.token_account_claim;
-- none of these settings is anybody's but a superuser's
SELECT s, attempt('boss', format('SET %s = %L', s, v)) FROM (VALUES
  ('docacl.token_audience', 'x'), ('docacl.token_issuer', 'x'), ('docacl.token_claim', 'x'), ('docacl.token_account_claim', 'x'),
  ('docacl.token_clock_skew', '1'), ('docacl.trust_request_claims', 'on'), ('docacl.require_local', 'off'), ('docacl.function', '1')) AS v(s, v);

--
-- the form, the signature, the algorithm
--
SELECT n, login(t) FROM (VALUES
  (1, ''), (2, '.'), (3, '..'), (4, '...'), (5, 'x.y.z'), (6, token(claims()) || '.'), (7, token(claims()) || 'A'), (8, '.' || token(claims())),
  (9, token(claims()) || '.' || token(claims())), (10, left(token(claims()), -1)), (11, left(token(claims()), -43)), (12, ' ' || token(claims())),
  (13, token(claims(), 'another secret of at least thirty-two bytes')), (14, token(claims(), '')),
  (15, token(claims(), header => '{"alg":"none","kid":"one"}')),
  (16, base64url('{"alg":"none"}') || '.' || base64url(convert_to(claims(), 'UTF8')) || '.'),
  (17, token(claims(), header => '{"alg":"HS384","kid":"one"}')), (18, token(claims(), header => '{"alg":"hs256","kid":"one"}')),
  (19, token(claims(), header => '{"alg":"RS256","kid":"one"}')), (20, token(claims(), header => '{"kid":"one"}')),
  (21, token(claims(), header => '{"alg":"HS256","kid":"two"}')), (22, token(claims(), header => '{"alg":"HS256","kid":["one"]}')),
  (23, token(claims(), header => '{"alg":"HS256","kid":"one","crit":["exp"]}')), (24, token('[]')), (25, token('"ann"')), (26, token('')),
  (27, token('{"sub":"ann","account":"tokens","exp":4102444800')), (28, repeat('x', 8193)), (29, repeat('x', 8192)), (30, NULL), (31, E'\u00e4.\u00e4.\u00e4')
) AS v(n, t) ORDER BY n;
SELECT login(token(claims(), header => '{"alg":"HS256"}')) AS "ann: the only key for HS256";
-- two claims of one name: nobody knows which was meant
SELECT login(token('{"sub":"bob","sub":"ann","account":"tokens","exp":4102444800}')) AS "28000";
-- asymmetric keys; the tokens were made by OpenSSL
SELECT acl_add_token_key('rsa', 'rs256', :'rsa_pem') IS NOT NULL AS t, acl_add_token_key('ec', 'ES256', :'ec_pem') IS NOT NULL AS t,
       acl_add_token_key('ed', 'EdDSA', :'ed_pem') IS NOT NULL AS t;
\set by_rsa 'eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiIsImtpZCI6InJzYSJ9.eyJzdWIiOiJhbm4iLCJhY2NvdW50IjoidG9rZW5zIiwiZXhwIjo0MTAyNDQ0ODAwfQ.EqmxYMfj_vboMReHSjGy9iz0rxByOyc50WlZ9fdjkphyoLx7ZuubFmHq9qqOFMKj0P-y_9lIDu6woHhe8PxA35AWAiXfZfEkEXGMbmo0mrTl4DOL5SkMNWJyfrEeQ-v8k35cbZUyhd6JM7-UDR0WsvhuJEgw04piuN30CceLE1f6uJY0uV7fDRz903xvcaqmcyoOcQvo3YpIt_WzqfNcvHVbGXkdcQJ5APWXtK0M3d4MoKMvkoXNrvEwpl97JOEVFi4QkYxG7qprdcGvNsaCjWeBukUYAd4STa4yqQISmdf48gud2tk3G8je781WvtC5nNpOyyQ7tXD1rdvyBhzegQ'
\set by_ec 'eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiIsImtpZCI6ImVjIn0.eyJzdWIiOiJhbm4iLCJhY2NvdW50IjoidG9rZW5zIiwiZXhwIjo0MTAyNDQ0ODAwfQ.OFnPqLEQ1zeY4l8YMfj_mqP13bvNljHtkNfiDs6dxVla0OakVacg2rnnNECozDbC_bYMfUmeBvcWH3cfdDpsHg'
\set by_ed 'eyJ0eXAiOiJKV1QiLCJhbGciOiJFZERTQSIsImtpZCI6ImVkIn0.eyJzdWIiOiJhbm4iLCJhY2NvdW50IjoidG9rZW5zIiwiZXhwIjo0MTAyNDQ0ODAwfQ.S16Cw8wwn9NjyvSs7PMTUlJXGVndwrpGW46tz3STS_GUtaO-O27J3Veq7whGUTaKxm4Jqb41m1pUbtCg-OaaCA'
SELECT login(:'by_rsa') AS ann;
SELECT login(:'by_ec') AS ann;
SELECT login(:'by_ed') AS ann;
SELECT n, login(t) FROM (VALUES
  (1, left(:'by_rsa', -4) || 'AAAA'), (2, left(:'by_ec', -4) || 'AAAA'), (3, left(:'by_ed', -4) || 'AAAA'),
  -- a public key as the secret of an HMAC
  (4, token(claims(), :'rsa_pem', '{"alg":"HS256","kid":"rsa"}')), (5, token(claims(), :'rsa_pem' || E'\n', '{"alg":"HS256","kid":"rsa"}')),
  (6, token(claims(), :'ec_pem', '{"alg":"HS256","kid":"ec"}')), (7, token(claims(), :'ed_pem', '{"alg":"HS256","kid":"ed"}')),
  (8, token(claims(), :'rsa_pem', '{"alg":"RS256","kid":"rsa"}')), (9, token(claims(), :'rsa_pem', '{"alg":"HS256"}')),
  -- one key's signature under another's name
  (10, base64url('{"alg":"ES256","kid":"ed"}') || substr(:'by_ed', strpos(:'by_ed', '.'))),
  (11, base64url('{"alg":"EdDSA","kid":"ed"}') || substr(:'by_ec', strpos(:'by_ec', '.'))),
  -- other claims under the same signature
  (12, split_part(:'by_ed', '.', 1) || '.' || base64url(convert_to(claims('{"sub":"boss"}'), 'UTF8')) || '.' || split_part(:'by_ed', '.', 3))
) AS v(n, t) ORDER BY n;
-- a key as a JWK
DO $$ BEGIN
  PERFORM acl_add_token_key('jwk', 'EdDSA', '{"kty":"OKP","crv":"Ed25519","x":"Dz2HliXabHVTYMZyFWSACDSZ5M7mt0D5VR0EO2FFZFI"}');
  PERFORM acl_drop_token_key('ed');
END $$;
SELECT login(:'by_ed') AS "28000: its kid is gone";
SELECT refusal('SELECT acl_add_token_key(''bad'', ''EdDSA'', ''{"kty":"OKP","crv":"Ed25519","x":"AAAA"}'')') AS "22023";
SELECT refusal('SELECT acl_add_token_key(''bad'', ''RS256'', ''{"kty":"OKP","crv":"Ed25519","x":"AAAA"}'')') AS "22023";
SELECT refusal('SELECT acl_add_token_key(''bad'', ''EdDSA'', ''{'')') AS "22023";

--
-- rotation, and what ends a token before its time
--
SELECT token(claims()) AS old \gset
SELECT login(:'old') AS ann;
DO $$ BEGIN PERFORM acl_add_token_key('two', 'HS256', 'the next secret, thirty-two bytes too'); END $$;
SELECT login(:'old') AS "ann: both are good";
SELECT login(token(claims(), header => '{"alg":"HS256"}')) AS "28000: which of the two?";
SELECT convert_from(decode(rpad(h, (length(h) + 3) / 4 * 4, '='), 'base64'), 'UTF8')::jsonb - 'typ' AS "the newest"
FROM split_part(acl_issue_token('ann', '1 hour'), '.', 1) AS h;
-- a drop that is rolled back was never there
BEGIN;
DO $$ BEGIN PERFORM acl_drop_token_key('one'); END $$;
SELECT login(:'old') AS "28000";
ROLLBACK;
SELECT login(:'old') AS ann;
DO $$ BEGIN PERFORM acl_drop_token_key('one'); END $$;
SELECT login(:'old') AS "28000, seen before or not";
-- the same kid with another secret is another key
DO $$ BEGIN PERFORM acl_add_token_key('one', 'HS256', 'some other secret of the same key id'); END $$;
SELECT login(:'old') AS "28000";
DO $$ BEGIN PERFORM acl_drop_token_key('one'); PERFORM acl_add_token_key('one', 'HS256', 'a secret of at least thirty-two bytes'); END $$;
SELECT login(:'old') AS ann;
-- the principal
DO $$ BEGIN PERFORM acl_alter_user('ann', enabled => false); END $$;
SELECT login(:'old') AS "28000: disabled";
DO $$ BEGIN PERFORM acl_alter_user('ann', enabled => true); END $$;
SELECT login(:'old') AS ann;
DO $$ BEGIN PERFORM acl_alter_user('ann', valid_until => now() - interval '1 hour'); END $$;
SELECT login(:'old') AS "28000: expired";
DO $$ BEGIN PERFORM acl_alter_user('ann', valid_until => 'infinity'); END $$;
DO $$ BEGIN PERFORM acl_alter_user('ann', name => 'anna'); END $$;
SELECT login(:'old') AS "28000: nobody bears the name";
DO $$ BEGIN PERFORM acl_alter_user('anna', name => 'ann'); END $$;
SELECT login(:'old') AS ann;

--
-- issued here
--
SELECT acl_issue_token('ann', '1 hour') AS issued \gset
SELECT login(:'issued') AS ann;
SELECT login(acl_issue_token('ann@tokens.example', '2 months')) AS ann;
SELECT login(acl_issue_token('ann', '1 second')) AS ann;
SELECT acl_issue_token('ann', '1 second') AS brief \gset
SELECT pg_sleep(2);
SELECT login(:'brief') AS "28000: expired";
-- of its principal alone, whoever bears the name later
DO $$ BEGIN PERFORM acl_alter_user('ann', name => 'anna'); PERFORM acl_create_user('ann', 'ann2@tokens.example', 'Users'); END $$;
SELECT login(:'issued') AS "28000: not this ann's";
DO $$ BEGIN PERFORM acl_drop_user('ann'); PERFORM acl_alter_user('anna', name => 'ann'); END $$;
SELECT login(:'issued') AS ann;
SELECT refusal(format('SELECT acl_issue_token(%L, %L)', who, ttl)) FROM (VALUES
  ('Users', '1 hour'), ('system', '1 hour'), ('no such user', '1 hour'), ('ann', '0'), ('ann', '-1 hour'), ('ann', '0.5 seconds'), ('ann', '11 years'),
  (NULL, '1 hour'), ('ann', NULL)) AS v(who, ttl);
SELECT attempt('boss', 'SELECT acl_issue_token(''ann'', ''1 hour'')') AS "42501";
SELECT attempt('ann', 'SELECT acl_issue_token(''ann'', ''1 hour'')') AS "42501";
SELECT attempt('system', 'SELECT acl_issue_token(''ann'', ''1 hour'')') AS n1;
SET docacl.token_audience = 'here';
SET docacl.token_issuer = 'us';
SELECT login(acl_issue_token('ann', '1 hour')) AS "ann: issued for what is asked here";
RESET docacl.token_audience;
RESET docacl.token_issuer;
