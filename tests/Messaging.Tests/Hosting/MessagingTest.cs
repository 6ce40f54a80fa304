using Events.Fixtures;
using Events.Messaging.Handlers;
using Events.Messaging.Retrying;
using Events.Messaging.Running;
using Events.Platform.Outbox;
using Events.Platform.Tenancy;
using Microsoft.Extensions.DependencyInjection;

namespace Events.Messaging.Tests.Hosting;

/// <summary>A database of the class's own, a probe as handler of <see cref="Ping"/> (<c>ping</c>, quick retries, a job) and <see cref="Pong"/>.</summary>
public abstract class MessagingTest(PostgresServer server) : IAsyncLifetime
{
    internal static readonly RetryPolicy Quick = new() { FirstDelay = TimeSpan.FromMilliseconds(5), Factor = 1 };

    internal Probe Probe { get; } = new();

    internal TestDatabase Database { get; private set; } = null!;

    internal TenantId Tenant { get; } = Tenants.New();

    protected PostgresServer Server => server;

    public async ValueTask InitializeAsync() => Database = await server.CreateDatabaseAsync(typeof(MessagingServices).Assembly);

    public async ValueTask DisposeAsync()
    {
        await Database.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    internal Task<TestHost> StartAsync(Action<MessagingBuilder>? more = null, MessagingOptions? options = null) =>
        TestHost.StartAsync(Database, m => Register(m, more), s => s.AddSingleton(Probe), options);

    internal TestHost Sender(Action<MessagingBuilder>? more = null) => TestHost.Create(Database, m => Register(m, more), s => s.AddSingleton(Probe));

    private static void Register(MessagingBuilder messaging, Action<MessagingBuilder>? more)
    {
        messaging.Handle<Ping, PingHandler>("ping", retry: Quick, validate: p => p.Text.Length > 100 ? "A ping has at most 100 characters." : null);
        messaging.Handle<Pong, PongHandler>("pong", queue: "pongs", retry: Quick, isJob: true, timeLimit: TimeSpan.FromSeconds(60));
        more?.Invoke(messaging);
    }

    internal Task HandledAsync(Guid id) => Soon.UntilAsync(Database.DataSource, "select exists (select from handled_messages where id = $1)", id);

    internal Task EmptyAsync() => Soon.UntilAsync(
        Database.DataSource,
        "select not exists (select from ready_messages) and not exists (select from claimed_batches) and not exists (select from scheduled_messages) and not exists (select from waiting_messages)");

    internal static OutboxMessage Pinging(TestHost host, TenantId tenant, string text) => host.Bus.Create(tenant, new Ping(text));
}
