using Events.Fixtures;
using Events.Messaging.Running;
using Events.Messaging.Tests.Hosting;
using RabbitMQ.Client;

namespace Events.Messaging.Tests.RabbitMq;

public sealed class BrokerTests(PostgresServer server) : MessagingTest(server)
{
    [Fact]
    public async Task Messages_travel_over_the_broker_once_each_although_it_is_killed_in_the_middle_and_repeats_itself()
    {
        await using var rabbit = await RabbitServer.StartNewAsync();
        var options = new MessagingOptions { RabbitMq = new() { Uri = rabbit.Uri, Queues = ["default"], Window = 20 } };
        await using var host = await StartAsync(options: options);

        var ids = new List<Guid>();
        for (var i = 0; i < 300; i++)
        {
            ids.Add(await host.Bus.EnqueueAsync(Tenant, new Ping($"{i}"), null, CancellationToken.None));
            if (i == 100)
            {
                await Probe.NextAsync();
                await rabbit.KillAsync();
            }
        }

        await rabbit.StartAsync();
        await Soon.UntilAsync(Database.DataSource, "select count(*) = 300 from handled_messages");

        // The broker's own copy of a message that came long ago.
        await DeliverAgainAsync(rabbit, ids[0]);
        var last = await host.Bus.EnqueueAsync(Tenant, new Ping("last"), null, CancellationToken.None);
        await HandledAsync(last);
        Probe.Texts.Count.ShouldBe(301);
        Probe.Texts.Distinct().Count().ShouldBe(301);
        (await Database.DataSource.ScalarAsync<long>("select count(*) from received_messages")).ShouldBe(301, "all of them came by the broker");
    }

    private async Task DeliverAgainAsync(RabbitServer rabbit, Guid id)
    {
        var body = System.Text.Encoding.UTF8.GetBytes($$"""{"seq":1,"id":"{{id}}","tenant_id":"{{Tenant}}","queue":"default","type":"ping","priority":5,"attempt":0,"takeovers":0,"enqueued_at":"2026-11-21T09:00:00Z","body":{"text":"0"},"is_job":false}""");
        await using var connection = await new ConnectionFactory { Uri = new Uri(rabbit.Uri) }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync(new CreateChannelOptions(true, true));
        await channel.BasicPublishAsync("", "default", mandatory: true, body);
    }
}
