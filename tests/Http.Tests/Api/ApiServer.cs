using Events.Commands.Access;
using Events.Commands.Handling;
using Events.Commands.People;
using Events.Commands.Permissions;
using Events.Commands.Workspaces;
using Events.EventStore;
using Events.Fixtures;
using Events.Http.Describing;
using Events.Http.Hosting;
using Events.Http.Tests.Jobs;
using Events.Messaging;
using Events.Platform.Migrations;
using Events.Platform.Tenancy;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Events.Http.Tests.Api;

/// <summary>
/// The whole service in this process: real Kestrel on a free loopback port, real PostgreSQL. Started once for all tests; each test
/// works in workspaces of its own.
/// </summary>
public sealed class ApiServer : IAsyncLifetime
{
    private const string OperatorEmail = "operator@example.com";

    private readonly PostgresServer postgres = new();
    private readonly Lazy<Task<ApiUser>> serviceOperator;
    private readonly Lazy<ApiDescription> description;
    private TestDatabase? database;
    private WebApplication? app;

    public ApiServer()
    {
        serviceOperator = new(FoundOperatorAsync);
        description = new(() => new ApiDescription(Services.GetRequiredService<OpenApiDocument>().Bytes));
    }

    public Uri Url { get; private set; } = null!;

    public IServiceProvider Services => app!.Services;

    public TestDatabase Database => database!;

    /// <summary>What the service says that it answers; every answer to a test is held to it.</summary>
    internal ApiDescription Description => description.Value;

    public async ValueTask InitializeAsync()
    {
        await postgres.InitializeAsync();
        database = await postgres.CreateDatabaseAsync();
        app = EventsApplication.Build([], builder =>
        {
            builder.Services.AddMessaging(Trouble.Register);
            builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.Ordinal)
            {
                ["ConnectionStrings:Postgres"] = database.ConnectionString,
                ["urls"] = "http://127.0.0.1:0",
                ["Events:DataDirectory"] = Directory.CreateTempSubdirectory("events-http-tests").FullName,
                ["Logging:LogLevel:Default"] = "Warning",
                ["Events:Identity:PasswordIterations"] = "1000",
                ["Events:Identity:Operators:0"] = OperatorEmail,
            });
        });
        await Services.GetRequiredService<Migrator>().MigrateAsync(CancellationToken.None);
        await app.StartAsync();
        Url = new Uri(app.Urls.First());
    }

    /// <summary>A fresh workspace and its owner, who asks with a token that may do all that an owner may.</summary>
    public async Task<ApiUser> NewUserAsync()
    {
        EmailAddress.TryParse($"{Guid.NewGuid():N}@example.com", out var email).ShouldBeTrue();
        var founded = await Services.GetRequiredService<Founding>().FoundAsync("Workspace", "Owner", email!.Value, "correct horse battery staple", CancellationToken.None);
        return new ApiUser(this, new TenantId(founded.WorkspaceId), founded.PersonId, founded.Token!);
    }

    /// <summary>The service's operator, in a workspace of his own.</summary>
    public Task<ApiUser> OperatorAsync() => serviceOperator.Value;

    private async Task<ApiUser> FoundOperatorAsync()
    {
        EmailAddress.TryParse(OperatorEmail, out var email).ShouldBeTrue();
        var founded = await Services.GetRequiredService<Founding>().FoundAsync("Operations", "Operator", email!.Value, "correct horse battery staple", CancellationToken.None);
        return new ApiUser(this, new TenantId(founded.WorkspaceId), founded.PersonId, founded.Token!);
    }

    /// <summary>The same person by a token that may do no more than this.</summary>
    public async Task<ApiUser> WithTokenAsync(ApiUser user, params string[] permissions)
    {
        var token = await Services.GetRequiredService<Founding>().IssueTokenAsync(
            Guid.Parse(user.Tenant.Value), user.PersonId, "narrow", PermissionSet.Of(permissions), CancellationToken.None);
        return new ApiUser(this, user.Tenant, user.PersonId, token);
    }

    /// <summary>Somebody else in the same workspace.</summary>
    public async Task<ApiUser> NewColleagueAsync(ApiUser owner, WorkspaceRole role = WorkspaceRole.Member)
    {
        EmailAddress.TryParse($"{Guid.NewGuid():N}@example.com", out var email).ShouldBeTrue();
        var (personId, result) = await Services.GetRequiredService<SignUps>().SignUpAtOnceAsync("Colleague", email!.Value, "correct horse battery staple", CancellationToken.None);
        result.ShouldBeOfType<CommandResult<PersonState>.Done>();
        var workspace = Guid.Parse(owner.Tenant.Value);
        await Services.GetRequiredService<PersonCommands>().EnterWorkspaceAsync(personId, workspace, CancellationToken.None);
        var joined = new UnitOfWork(owner.Tenant, [new(workspace, WorkspaceState.StreamType, ExpectedVersion.Any, [new MemberJoined(personId, role, null)])]);
        (await Services.GetRequiredService<EventAppender>().AppendAsync(joined, CancellationToken.None)).ShouldBeOfType<AppendOutcome.Appended>();
        Services.GetRequiredService<AggregateLoader<WorkspaceState>>().Forget(owner.Tenant, workspace);
        Services.GetRequiredService<AccessDirectory>().Forget(owner.Tenant, workspace);
        var token = await Services.GetRequiredService<Founding>().IssueTokenAsync(workspace, personId, "colleague", RolePermissions.Of(WorkspaceRole.Owner), CancellationToken.None);
        return new ApiUser(this, owner.Tenant, personId, token);
    }

    public async ValueTask DisposeAsync()
    {
        if (app is not null)
        {
            await app.StopAsync();
            await app.DisposeAsync();
        }

        if (database is not null)
            await database.DisposeAsync();
        await postgres.DisposeAsync();
    }
}
