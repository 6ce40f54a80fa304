using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Events.Messaging.Retrying;
using Events.Messaging.Scheduling;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Events.Messaging.Handlers;

/// <summary>The contents page of what runs in the background. May be used by several projects; everything adds up.</summary>
public sealed class MessagingBuilder
{
    private readonly IServiceCollection services;
    private readonly Dictionary<string, MessageType> types = new(StringComparer.Ordinal);
    private readonly Dictionary<string, QueueSettings> queues = new(StringComparer.Ordinal);
    private readonly List<Schedule> schedules = [];

    internal MessagingBuilder(IServiceCollection services) => this.services = services;

    internal IReadOnlyCollection<Schedule> Schedules => schedules;

    /// <param name="alias">The type's name on disk, snake case, e.g. <c>import_tasks</c>; never changes.</param>
    /// <param name="queue">Null: <see cref="QueueSettings.Default"/>.</param>
    /// <param name="retry">Null: <see cref="RetryPolicy.Default"/>.</param>
    /// <param name="timeLimit">Of one attempt; null: 15 minutes.</param>
    /// <param name="isJob">Whether people watch these messages (<c>GET /jobs</c>).</param>
    /// <param name="json">Source-generated metadata; null: reflection with web defaults.</param>
    /// <param name="validate">A sentence when the message must be refused at the door, else null.</param>
    /// <exception cref="InvalidOperationException">The alias or the type is registered already.</exception>
    public MessagingBuilder Handle<TMessage, THandler>(
        string alias,
        string? queue = null,
        RetryPolicy? retry = null,
        TimeSpan? timeLimit = null,
        bool isJob = false,
        JsonTypeInfo<TMessage>? json = null,
        Func<TMessage, string?>? validate = null)
        where TMessage : notnull
        where THandler : class, IMessageHandler<TMessage>
    {
        if (types.Values.Any(t => t.ClrType == typeof(TMessage)) || types.ContainsKey(alias))
            throw new InvalidOperationException($"The message {alias} ({typeof(TMessage).Name}) is registered twice.");
        services.TryAddSingleton<THandler>();
        types.Add(alias, new MessageType<TMessage, THandler>(
            alias,
            queue ?? QueueSettings.Default,
            retry ?? RetryPolicy.Default,
            timeLimit ?? TimeSpan.FromMinutes(15),
            isJob,
            json ?? (JsonTypeInfo<TMessage>)JsonSerializerOptions.Web.GetTypeInfo(typeof(TMessage)),
            validate));
        return this;
    }

    /// <summary>Limits of a queue; a queue that is only named by a handler has the defaults.</summary>
    public MessagingBuilder Queue(
        string name,
        int concurrency = 16,
        int? tenantConcurrency = null,
        int? clusterConcurrency = null,
        int? clusterTenantConcurrency = null,
        int prefetch = 1000)
    {
        queues[name] = new QueueSettings(name)
        {
            Concurrency = concurrency,
            TenantConcurrency = tenantConcurrency,
            ClusterConcurrency = clusterConcurrency,
            ClusterTenantConcurrency = clusterTenantConcurrency,
            Prefetch = prefetch,
        };
        return this;
    }

    /// <summary>Sends a message again and again. Its runs are jobs, kept as the schedule's history.</summary>
    /// <param name="name">Unique and stable: what the database remembers the schedule by.</param>
    /// <param name="cron">Five fields (minute hour day month weekday), or six with seconds first.</param>
    /// <param name="timeZone">IANA name; null: UTC.</param>
    public MessagingBuilder Schedule<TMessage>(string name, string cron, TMessage message, string? timeZone = null)
        where TMessage : notnull
    {
        schedules.Add(new Schedule(name, CronExpression.Parse(cron), TimeZoneInfo.FindSystemTimeZoneById(timeZone ?? "UTC"), message));
        return this;
    }

    internal MessageTypes Build()
    {
        foreach (var name in types.Values.Select(t => t.Queue).Append(QueueSettings.Default))
            queues.TryAdd(name, new QueueSettings(name));
        var problems = queues.Values.SelectMany(q => q.Problems()).ToList();
        return problems.Count == 0
            ? new MessageTypes(types.Values, queues.Values)
            : throw new InvalidOperationException(string.Join(' ', problems));
    }
}
