using Events.Commands.Numbering;
using Events.Fixtures;
using Events.Platform.Tenancy;

namespace Events.Commands.Tests.Numbering;

public sealed class TaskNumbersTests(PostgresServer server) : IAsyncLifetime
{
    private TestDatabase database = null!;

    public async ValueTask InitializeAsync() => database = await server.CreateDatabaseAsync(typeof(TaskNumbers).Assembly);

    public ValueTask DisposeAsync() => database.DisposeAsync();

    [Fact]
    public async Task Two_processes_that_number_the_same_projects_never_give_one_number_twice()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var one = new TaskNumbers(database.DataSource, TimeProvider.System);
        await using var other = new TaskNumbers(database.DataSource, TimeProvider.System);
        var tenant = new TenantId(Guid.CreateVersion7());
        var projects = Enumerable.Range(0, 7).Select(_ => Guid.CreateVersion7()).ToArray();

        var given = await Task.WhenAll(Enumerable.Range(0, 2_000).Select(async n =>
        {
            var project = projects[n % projects.Length];
            return (Project: project, Number: await (n % 2 == 0 ? one : other).NextAsync(tenant, project, ct));
        }));

        Assert.Equal(given.Length, given.Distinct().Count());
        Assert.All(projects, project => Assert.Equal(1, given.Where(g => g.Project == project).Min(g => g.Number)));
    }

    [Fact]
    public async Task A_project_of_one_tenant_counts_apart_from_the_same_id_of_another()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var numbers = new TaskNumbers(database.DataSource, TimeProvider.System);
        var project = Guid.CreateVersion7();

        var first = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => numbers.NextAsync(new TenantId(Guid.CreateVersion7()), project, ct).AsTask()));

        Assert.All(first, number => Assert.Equal(1, number));
    }

    [Fact]
    public async Task A_quiet_project_leaves_no_gaps()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var numbers = new TaskNumbers(database.DataSource, TimeProvider.System);
        var (tenant, project) = (new TenantId(Guid.CreateVersion7()), Guid.CreateVersion7());
        var given = new List<long>();

        for (var n = 0; n < 10; n++)
            given.Add(await numbers.NextAsync(tenant, project, ct));

        Assert.Equal(Enumerable.Range(1, 10).Select(n => (long)n), given);
    }
}
