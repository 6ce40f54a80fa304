using Events.Platform.Tenancy;
using Events.Security.Tests.Hosting;
using Npgsql;
using Shouldly;
using Xunit;

namespace Events.Security.Tests.Tenancy;

/// <summary>The second of the two tenancies: beneath the conditions that every statement has.</summary>
public sealed class RowSecurityTests(Service service)
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Requests_read_as_a_role_that_sees_one_tenant()
    {
        service.Get<TenantReads>().Guarded.ShouldBeTrue();
        var (mine, _) = await TwoWorkspacesAsync();
        var (tenants, role) = await ReadAsync(mine, "select array_agg(distinct tenant_id), current_user::text from project_list");
        tenants.ShouldBe([mine]);
        role.ShouldBe(TenantReads.Role);
    }

    [Fact]
    public async Task A_statement_without_a_tenant_sees_nothing()
    {
        await TwoWorkspacesAsync();
        await using var connection = await service.Database.DataSource.OpenConnectionAsync(Ct);
        await using var transaction = await connection.BeginTransactionAsync(Ct);
        await using var command = new NpgsqlCommand("set local role events_reader; select count(*) from project_list", connection, transaction);
        await using var reader = await command.ExecuteReaderAsync(Ct);
        (await reader.ReadAsync(Ct)).ShouldBeTrue();
        reader.GetInt64(0).ShouldBe(0);
    }

    [Theory]
    [InlineData("insert into project_list select * from project_list")]
    [InlineData("delete from task_list")]
    [InlineData("select * from passwords")]
    [InlineData("select * from subject_keys")]
    [InlineData("select * from mt_events")]
    [InlineData("select * from api_tokens")]
    public async Task The_role_reads_read_models_and_nothing_else(string sql)
    {
        await using var command = service.Get<TenantReads>().CreateCommand(Guid.NewGuid(), sql);
        (await Should.ThrowAsync<PostgresException>(() => command.ExecuteReaderAsync(Ct))).SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege);
    }

    [Fact]
    public async Task The_connection_goes_back_as_it_came()
    {
        var (mine, _) = await TwoWorkspacesAsync();
        await ReadAsync(mine, "select array_agg(distinct tenant_id), current_user::text from project_list");
        await using var command = service.Database.DataSource.CreateCommand("select current_user::text || coalesce(nullif(current_setting('events.tenant', true), ''), '')");
        ((string)(await command.ExecuteScalarAsync(Ct))!).ShouldNotContain(TenantReads.Role);
    }

    [Fact]
    public async Task Every_read_model_is_under_a_policy()
    {
        await using var command = service.Database.DataSource.CreateCommand(
            """
            select coalesce(string_agg(c.relname, ', '), '')
            from pg_class c
            join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and a.atttypid = 'uuid'::regtype
            where c.relnamespace = 'events'::regnamespace and c.relkind = 'r'
            and not (c.relrowsecurity and exists (select from pg_policy p where p.polrelid = c.oid))
            """);
        ((string)(await command.ExecuteScalarAsync(Ct))!).ShouldBe("");
    }

    private async Task<(Guid Mine, Guid Other)> TwoWorkspacesAsync()
    {
        using var ask = new Asking(service.Url);
        var workspaces = new List<Guid>();
        for (var i = 0; i < 2; i++)
        {
            var founded = await service.FoundAsync("row security");
            var owner = Credential.OfToken("owner", founded.Token!);
            (await ask.SendAsync(owner, "POST", "/api/v1/projects", """{"key":"ROW","name":"Rows"}""")).Status.ShouldBe(System.Net.HttpStatusCode.Created);
            await Eventually.IsTrueAsync(async () => (await ask.SendAsync(owner, "GET", "/api/v1/projects")).Text.Contains("\"ROW\"", StringComparison.Ordinal));
            workspaces.Add(founded.WorkspaceId);
        }

        return (workspaces[0], workspaces[1]);
    }

    private async Task<(Guid[] Tenants, string Role)> ReadAsync(Guid tenant, string sql)
    {
        await using var command = service.Get<TenantReads>().CreateCommand(tenant, sql);
        await using var reader = await command.ExecuteReaderAsync(Ct);
        (await reader.ReadAsync(Ct)).ShouldBeTrue();
        return (reader.GetFieldValue<Guid[]>(0), reader.GetString(1));
    }
}
