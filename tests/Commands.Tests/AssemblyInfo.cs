using Events.Fixtures;

[assembly: Xunit.AssemblyFixture(typeof(PostgresServer))]
