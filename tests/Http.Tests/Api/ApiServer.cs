using Events.Commands;
using Events.Commands.Permissions;
using Events.Fixtures;
using Events.Http.Auth;
using Events.Http.Hosting;
using Events.Platform.Migrations;
using Events.Platform.Tenancy;
using Events.Projections;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Events.Http.Tests.Api;

/// <summary>
/// The whole service in this process: real Kestrel on a free loopback port, real PostgreSQL. Started once for all tests; each test
/// works in workspaces of its own.
/// </summary>
public sealed class ApiServer : IAsyncLifetime
{
    private readonly PostgresServer postgres = new();
    private TestDatabase? database;
    private WebApplication? app;

    public Uri Url { get; private set; } = null!;

    public IServiceProvider Services => app!.Services;

    public TestDatabase Database => database!;

    public async ValueTask InitializeAsync()
    {
        await postgres.InitializeAsync();
        database = await postgres.CreateDatabaseAsync();
        app = EventsApplication.Build([], builder => builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["ConnectionStrings:Postgres"] = database.ConnectionString,
            ["urls"] = "http://127.0.0.1:0",
            ["Events:DataDirectory"] = Directory.CreateTempSubdirectory("events-http-tests").FullName,
            ["Logging:LogLevel:Default"] = "Warning",
        }));
        app.Use(KnowCallerAsync);
        await Services.GetRequiredService<Migrator>().MigrateAsync(CancellationToken.None);
        await app.StartAsync();
        Url = new Uri(app.Urls.First());
    }

    /// <summary>A fresh workspace and somebody in it who may do everything.</summary>
    public Task<ApiUser> NewUserAsync()
    {
        var (tenant, person) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        return Task.FromResult(new ApiUser(this, new TenantId(tenant), person, $"{tenant}:{person}"));
    }

    private static Task KnowCallerAsync(HttpContext http, RequestDelegate next)
    {
        if (http.Request.Headers.Authorization.ToString() is { } header && header.StartsWith("Bearer ", StringComparison.Ordinal) && header[7..].Split(':') is [var tenant, var person])
            http.Features.Set(new Caller(new TenantId(tenant), person, Guid.Parse(person), PermissionSet.Of(Permission.All), []));
        return next(http);
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
