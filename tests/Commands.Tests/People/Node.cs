using System.Security.Cryptography;
using Events.Commands.People;
using Events.Commands.Secrets;
using Events.Fixtures;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Events.Commands.Tests.People;

/// <summary>Identity as one process of several would compose it, over a test database.</summary>
internal sealed class Node : IAsyncDisposable
{
    public static MasterKey Master { get; } = new(RandomNumberGenerator.GetBytes(MasterKey.Bytes));

    private readonly ServiceProvider provider;

    private Node(ServiceProvider provider) => this.provider = provider;

    public static async Task<Node> StartAsync(TestDatabase database, params (string Name, string Value)[] settings)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder()
            .AddInMemoryCollection([new("Events:Identity:PasswordIterations", "1000")])
            .AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Name, (string?)setting.Value)))
            .Build());
        services.AddSingleton(database.DataSource);
        services.AddSingleton(database.Direct);
        services.AddSingleton(database.Options);
        services.AddSingleton(Master);
        services.AddIdentity();
        var node = new Node(services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true }));
        foreach (var service in node.provider.GetServices<IHostedService>())
            await service.StartAsync(CancellationToken.None);
        return node;
    }

    public T Get<T>()
        where T : notnull => provider.GetRequiredService<T>();

    public static EmailAddress Email(string text) =>
        EmailAddress.TryParse(text, out var email) ? email.Value : throw new ArgumentException("No address.", nameof(text));

    public async ValueTask DisposeAsync()
    {
        foreach (var service in provider.GetServices<IHostedService>())
            await service.StopAsync(CancellationToken.None);
        await provider.DisposeAsync();
    }
}
