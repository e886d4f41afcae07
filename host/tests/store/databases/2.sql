-- A database of version 2, as that program left it; written by the sqlite3 shell's .dump.
PRAGMA application_id=1414678864; PRAGMA user_version=2;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE installation (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    -- Random: message ids of two databases never meet.
    id BLOB NOT NULL,
    created INTEGER NOT NULL
) STRICT;
INSERT INTO installation VALUES(1,X'9961111a8846d551555419a5a61bcbe9',1795549023000000000);
CREATE TABLE numbers (
    tenant TEXT NOT NULL,
    kind TEXT NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (tenant, kind)
) STRICT, WITHOUT ROWID;
INSERT INTO numbers VALUES('default','exception',2);
INSERT INTO numbers VALUES('default','file',1);
INSERT INTO numbers VALUES('default','incident',3);
INSERT INTO numbers VALUES('default','silence',1);
INSERT INTO numbers VALUES('default','source',1);
CREATE TABLE sources (
    tenant TEXT NOT NULL,
    number INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (tenant, number),
    UNIQUE (tenant, name)
) STRICT, WITHOUT ROWID;
INSERT INTO sources VALUES('default',1,'/var/log/app.log');
CREATE TABLE files (
    tenant TEXT NOT NULL,
    number INTEGER NOT NULL,
    source INTEGER NOT NULL,
    device INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    head BLOB NOT NULL,
    head_length INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    path TEXT NOT NULL,
    -- The position; all of it or nothing.
    offset INTEGER,
    line INTEGER,
    judged INTEGER,
    format TEXT,
    year INTEGER,
    month INTEGER,
    day INTEGER,
    latest INTEGER,
    PRIMARY KEY (tenant, number),
    FOREIGN KEY (tenant, source) REFERENCES sources (tenant, number)
) STRICT, WITHOUT ROWID;
INSERT INTO files VALUES('default',1,1,65024,10682572,X'c8fc94bfd4dbd4439564f4efe10901874725305e8d219e1a76fc2e2616f3f4a7',205,0,'/var/log/app.log',166,5,166,'iso',NULL,NULL,NULL,NULL);
CREATE TABLE states (
    tenant TEXT NOT NULL,
    pack TEXT NOT NULL,
    version TEXT NOT NULL,
    digest BLOB NOT NULL,
    settings BLOB NOT NULL,
    state BLOB,
    host BLOB NOT NULL,
    saved INTEGER NOT NULL,
    PRIMARY KEY (tenant, pack)
) STRICT;
INSERT INTO states VALUES('default','app-errors','0.1.0',X'0240cf25869bb3e98562e90807fa67462f09397778e38cfecf4557fca871611f',X'c023b615b7f426779118f2f9f62bfb53e92b6c6d5c5cfa9b99496a10e7a37d48',X'544c533106006572726f72737a00000001009ee923d6f2ea180300000016000012004552524f52206469736b2069732066756c6c01000000000000000000000018000014004552524f522075706c6f6164207265667573656401000000000000000000000018000014004552524f52207061796d656e74206661696c656402000000000000000000000005006b6e6f776e7100000001009ee923d6f2ea180300000016000012004552524f52206469736b2069732066756c6c01000ab4acd5f2ea1818000014004552524f522075706c6f616420726566757365640100d44ee8d5f2ea1818000014004552524f52207061796d656e74206661696c656401009ee923d6f2ea18050066726573686e0000000100d44ee8d5f2ea18010000000003000000000000000300000000401971d5f2ea180100000000000001000000010000000000000000000ab4acd5f2ea18010000000000000100000001000000000000002a00d44ee8d5f2ea180100000000000001000000010000000000000052070063726f776465640d0000000100d44ee8d5f2ea18000000000000',X'010680f8ccbec4b5f9ea310405010100028080ca91aeb5f9ea3129323032362d31312d32345431303a30303a30305a204552524f52207061796d656e74206661696c6564000d540280a8d6b90727323032362d31312d32345431303a30303a30315a204552524f52206469736b2069732066756c6c000d500280a8d6b90729323032362d31312d32345431303a30303a30325a204552524f522075706c6f61642072656675736564000d540280a8d6b90729323032362d31312d32345431303a30303a30335a204552524f52207061796d656e74206661696c656400',1795549082530187744);
CREATE TABLE incidents (
    tenant TEXT NOT NULL,
    id INTEGER NOT NULL,
    pack TEXT NOT NULL,
    rule TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    generation INTEGER NOT NULL,
    previous INTEGER,
    state INTEGER NOT NULL CHECK (state IN (0, 1, 2)),
    resolution TEXT,
    severity INTEGER NOT NULL CHECK (severity BETWEEN 0 AND 4),
    subject TEXT NOT NULL,
    title TEXT NOT NULL,
    summary TEXT NOT NULL,
    fields TEXT NOT NULL,
    tags TEXT NOT NULL,
    sources TEXT NOT NULL,
    count INTEGER NOT NULL,
    occurrences INTEGER NOT NULL,
    first INTEGER,
    last INTEGER,
    opened INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    occurred INTEGER NOT NULL,
    acknowledged_until INTEGER,
    resolve_after INTEGER,
    -- Timers: when it resolves itself, and when an open one is told again.
    resolves_at INTEGER,
    repeats_at INTEGER,
    assignee TEXT,
    evidence_dropped INTEGER NOT NULL,
    overflow INTEGER NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (tenant, id),
    UNIQUE (tenant, pack, rule, fingerprint, generation)
) STRICT;
INSERT INTO incidents VALUES('default',1,'app-errors','application-error',X'014552524f52207061796d656e74206661696c6564',1,NULL,1,NULL,2,'ERROR payment failed','ERROR payment failed','','[["level","ERROR"],["errors","2"]]','["attack.initial-access","attack.t1190"]','["/var/log/app.log"]',2,2,1795514400000000000,1795514403000000000,1795549023247446515,1795549060488194598,1795549023249054284,1795635460488194598,86400000000000,1795635423249054284,NULL,NULL,0,0,4);
INSERT INTO incidents VALUES('default',2,'app-errors','application-error',X'014552524f52206469736b2069732066756c6c',1,NULL,2,'false-positive',2,'ERROR disk is full','ERROR disk is full','','[["level","ERROR"],["errors","1"]]','["attack.initial-access","attack.t1190"]','["/var/log/app.log"]',1,1,1795514401000000000,1795514401000000000,1795549023247446515,1795549060498276669,1795549023247446515,NULL,86400000000000,NULL,NULL,NULL,0,0,3);
INSERT INTO incidents VALUES('default',3,'app-errors','application-error',X'014552524f522075706c6f61642072656675736564',1,NULL,0,NULL,2,'ERROR upload refused','ERROR upload refused','','[["level","ERROR"],["errors","1"]]','["attack.initial-access","attack.t1190"]','["/var/log/app.log"]',1,1,1795514402000000000,1795514402000000000,1795549023247446515,1795549023247446515,1795549023247446515,NULL,86400000000000,1795635423247446515,NULL,NULL,0,0,2);
CREATE TABLE rules (
    tenant TEXT NOT NULL,
    pack TEXT NOT NULL,
    rule TEXT NOT NULL,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    links TEXT NOT NULL,
    PRIMARY KEY (tenant, pack, rule)
) STRICT, WITHOUT ROWID;
INSERT INTO rules VALUES('default','app-errors','application-error','Errors in an application''s log','Lines of level error or worse, panics and tracebacks. Numbers, addresses, paths, quotations and ids do not matter for whether two are the same. Fatal ones and crashes are high.','["https://attack.mitre.org/techniques/T1190/"]');
CREATE TABLE occurrences (
    tenant TEXT NOT NULL,
    id BLOB NOT NULL,
    incident INTEGER NOT NULL,
    number INTEGER NOT NULL,
    time INTEGER,
    recorded INTEGER NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
INSERT INTO occurrences VALUES('default',X'5b887513420e56fd6fbe33b8626b6f24',1,2,1795514403000000000,1795549023249054284);
INSERT INTO occurrences VALUES('default',X'9446fc9657e9ef806493a3b082a36160',1,1,1795514400000000000,1795549023247446515);
INSERT INTO occurrences VALUES('default',X'dc7625d712a9014774f92dae38f15fc7',3,1,1795514402000000000,1795549023247446515);
INSERT INTO occurrences VALUES('default',X'f8da807fcdea13c1fd4ed74e5f5459d8',2,1,1795514401000000000,1795549023247446515);
CREATE TABLE evidence (
    tenant TEXT NOT NULL,
    incident INTEGER NOT NULL,
    number INTEGER NOT NULL,
    file INTEGER,
    name TEXT NOT NULL,
    offset INTEGER NOT NULL,
    line INTEGER NOT NULL,
    text BLOB,
    cut INTEGER NOT NULL,
    captures BLOB NOT NULL,
    digest BLOB,
    PRIMARY KEY (tenant, incident, number),
    FOREIGN KEY (tenant, incident) REFERENCES incidents (tenant, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
INSERT INTO evidence VALUES('default',1,1,1,'/var/log/app.log',0,1,X'323032362d31312d32345431303a30303a30305a204552524f52207061796d656e74206661696c6564',0,X'',X'f63a94932dc10e00b1593ec705eb289b7a41ee3968b70a3719f605fb3fd0d9e2');
INSERT INTO evidence VALUES('default',1,2,1,'/var/log/app.log',124,4,X'323032362d31312d32345431303a30303a30335a204552524f52207061796d656e74206661696c6564',0,X'',X'c7035c7a8ee266c104a5c983842cc2594b4ea79bd2cb96fe4ca6b72f57f59cac');
INSERT INTO evidence VALUES('default',2,1,1,'/var/log/app.log',42,2,X'323032362d31312d32345431303a30303a30315a204552524f52206469736b2069732066756c6c',0,X'',X'103faef88d1fcb1b06efcecc8937ec922f134a82ef2721d78f92511dc4431c1e');
INSERT INTO evidence VALUES('default',3,1,1,'/var/log/app.log',82,3,X'323032362d31312d32345431303a30303a30325a204552524f522075706c6f61642072656675736564',0,X'',X'71a72904da8f8cd17283d01c3b1251aa53dcde86d5b137f29b6c91188167a777');
CREATE TABLE timeline (
    tenant TEXT NOT NULL,
    incident INTEGER NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    name TEXT NOT NULL,
    what TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (tenant, incident, number),
    FOREIGN KEY (tenant, incident) REFERENCES incidents (tenant, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
INSERT INTO timeline VALUES('default',1,1,1795549023247446515,'rule','a rule','opened','{"previous":null}');
INSERT INTO timeline VALUES('default',1,2,1795549023249054284,'rule','a rule','occurred','{"count":1}');
INSERT INTO timeline VALUES('default',1,3,1795549060488194598,'uid:0','ann','acknowledged','{"until":1795635460488194598}');
INSERT INTO timeline VALUES('default',2,1,1795549023247446515,'rule','a rule','opened','{"previous":null}');
INSERT INTO timeline VALUES('default',2,2,1795549060498276669,'uid:0','ann','resolved','{"resolution":"false-positive","comment":""}');
INSERT INTO timeline VALUES('default',3,1,1795549023247446515,'rule','a rule','opened','{"previous":null}');
CREATE TABLE silences (
    tenant TEXT NOT NULL,
    id INTEGER NOT NULL,
    rule TEXT,
    severity INTEGER,
    fields TEXT NOT NULL,
    starts INTEGER NOT NULL,
    ends INTEGER NOT NULL,
    reason TEXT NOT NULL,
    actor TEXT NOT NULL,
    name TEXT NOT NULL,
    created INTEGER NOT NULL,
    ended INTEGER,
    -- Whether what it held back has been looked at since it was over.
    settled INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
INSERT INTO silences VALUES('default',1,'app-errors/*',NULL,'[]',1795549082485503483,1795552682485503483,'planned work','uid:0','ann',1795549082485674508,NULL,0);
CREATE TABLE exceptions (
    tenant TEXT NOT NULL,
    id INTEGER NOT NULL,
    rule TEXT,
    field TEXT,
    network TEXT,
    value TEXT,
    severity INTEGER,
    until INTEGER,
    reason TEXT NOT NULL,
    actor TEXT NOT NULL,
    name TEXT NOT NULL,
    created INTEGER NOT NULL,
    ended INTEGER,
    count INTEGER NOT NULL DEFAULT 0,
    last INTEGER,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
INSERT INTO exceptions VALUES('default',1,'app-errors/*','title',NULL,'nothing*',NULL,NULL,'known','uid:0','ann',1795549082494290085,NULL,0,NULL);
INSERT INTO exceptions VALUES('default',2,'app-errors/*',NULL,NULL,NULL,NULL,NULL,'known','uid:0','ann',1795549082502276423,NULL,1,1795549082530782691);
CREATE TABLE excepted (
    tenant TEXT NOT NULL,
    id BLOB NOT NULL,
    exception INTEGER NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    pack TEXT NOT NULL,
    rule TEXT NOT NULL,
    title TEXT NOT NULL,
    PRIMARY KEY (tenant, id),
    FOREIGN KEY (tenant, exception) REFERENCES exceptions (tenant, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
INSERT INTO excepted VALUES('default',X'c52dc507184b5a8754499819d88a226e',2,1,1795549082530782691,'app-errors','application-error','ERROR all is over');
CREATE INDEX files_of_source ON files (tenant, source, number);
CREATE INDEX incidents_changed ON incidents (tenant, changed, id);
CREATE INDEX incidents_by_state ON incidents (tenant, state, changed, id);
CREATE INDEX incidents_by_severity ON incidents (tenant, severity, changed, id);
CREATE INDEX incidents_by_rule ON incidents (tenant, pack, rule, state, changed, id);
CREATE INDEX incidents_assigned ON incidents (tenant, assignee, changed, id) WHERE assignee IS NOT NULL;
CREATE INDEX incidents_expire ON incidents (acknowledged_until) WHERE acknowledged_until IS NOT NULL;
CREATE INDEX incidents_resolve ON incidents (resolves_at) WHERE resolves_at IS NOT NULL;
CREATE INDEX incidents_delete ON incidents (changed) WHERE state = 2;
CREATE INDEX incidents_repeat ON incidents (repeats_at) WHERE repeats_at IS NOT NULL;
CREATE INDEX occurrences_of_incident ON occurrences (tenant, incident, number);
CREATE INDEX excepted_by ON excepted (tenant, exception, number);
COMMIT;
