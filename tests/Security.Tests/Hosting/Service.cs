using Events.Commands.People;
using Events.Commands.Secrets;
using Events.Fixtures;
using Events.Http.Hosting;
using Events.Platform.Migrations;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Events.Security.Tests.Hosting;

/// <summary>The whole service in this process: real Kestrel on a free loopback port, real PostgreSQL.</summary>
public sealed class Service : IAsyncLifetime
{
    public const string Password = "correct horse battery";

    private readonly PostgresServer postgres = new();
    private WebApplication? app;

    public TestDatabase Database { get; private set; } = null!;

    public string DataDirectory { get; } = Directory.CreateTempSubdirectory("events-security").FullName;

    public Uri Url { get; private set; } = null!;

    public IServiceProvider Services => app!.Services;

    public T Get<T>()
        where T : notnull => Services.GetRequiredService<T>();

    public async ValueTask InitializeAsync()
    {
        await postgres.InitializeAsync();
        Database = await postgres.CreateDatabaseAsync();
        app = EventsApplication.Build([], builder => builder.Configuration.AddInMemoryCollection(Settings()));
        await Get<Migrator>().MigrateAsync(CancellationToken.None);
        await Get<MasterKeyCheck>().RequireSameAsync(CancellationToken.None);
        await app.StartAsync();
        Url = new Uri(app.Urls.First());
    }

    /// <summary>Besides the usual.</summary>
    public Dictionary<string, string?> Extra { get; } = [];

    /// <summary>What every process over this database is configured with.</summary>
    public Dictionary<string, string?> Settings() => new(Extra, StringComparer.Ordinal)
    {
        ["ConnectionStrings:Postgres"] = Database.ConnectionString,
        ["urls"] = "http://127.0.0.1:0",
        ["Events:DataDirectory"] = DataDirectory,
        ["Logging:LogLevel:Default"] = "Warning",
        ["Events:Identity:PasswordIterations"] = "1000",
        ["Events:Identity:ConfirmEmail"] = "false",
        ["Events:Security:CredentialRequestsPerMinute"] = "100000",
    };

    public async Task<Founded> FoundAsync(string marker) =>
        await Get<Founding>().FoundAsync($"{marker} workspace", $"{marker} person", NewEmail(), Password, CancellationToken.None);

    public async Task<Guid> NewPersonAsync(string name, EmailAddress? email = null)
    {
        var (personId, result) = await Get<SignUps>().SignUpAtOnceAsync(name, email ?? NewEmail(), Password, CancellationToken.None);
        return result is Commands.Handling.CommandResult<PersonState>.Done ? personId : throw new InvalidOperationException($"{result}");
    }

    public static EmailAddress NewEmail() =>
        EmailAddress.TryParse($"{Guid.NewGuid():N}@example.com", out var email) ? email.Value : throw new InvalidOperationException();

    public async ValueTask DisposeAsync()
    {
        if (app is not null)
        {
            await app.StopAsync();
            await app.DisposeAsync();
        }

        await Database.DisposeAsync();
        await postgres.DisposeAsync();
        Directory.Delete(DataDirectory, recursive: true);
    }
}
