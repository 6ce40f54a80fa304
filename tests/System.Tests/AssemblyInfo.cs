using Events.Fixtures;

[assembly: AssemblyFixture(typeof(PostgresServer))]
