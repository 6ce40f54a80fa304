using Npgsql;

namespace Events.Platform.Postgres;

/// <summary>
/// Sessions on the server itself, for what a transaction pooler cannot carry: LISTEN, and migrations. A process holds at most
/// one of them for long. Equal to the ordinary data source where there is no pooler.
/// </summary>
public sealed record DirectDataSource(NpgsqlDataSource DataSource);
