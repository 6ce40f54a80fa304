using Events.Commands.Tasks;
using Events.EventStore;
using Events.Fixtures;
using Events.Platform.Tenancy;
using Events.Projections.Engine;
using Events.Projections.Rebuild;
using Events.Projections.TaskList;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Shouldly;

namespace Events.Projections.Tests;

public sealed class RebuildTests(PostgresServer server) : ServiceTests(server)
{
    private ProjectionOperations Operations => Running.Get<ProjectionOperations>();

    [Fact]
    public async Task A_rebuild_equals_the_live_tables_and_takes_their_place_while_reads_and_writes_go_on()
    {
        await WriteAsync(new History(1), 300);
        using var stop = new CancellationTokenSource();
        var reads = ReadOnAsync(stop.Token);
        var writes = WriteOnAsync(new History(2), stop.Token);

        foreach (var name in Operations.Names)
        {
            var build = (await Operations.RebuildAsync(name, "test", TestContext.Current.CancellationToken)).ShouldNotBeNull();
            build.State.ShouldBe(BuildStates.Switched);
            build.RowsDifferent.ShouldBe(0, $"{name}: {build.Differences}");
        }

        await stop.CancelAsync();
        (await reads).ShouldBeGreaterThan(0);
        await Running.ReachAsync(await writes, [.. Operations.Names]);
        var status = await Operations.StatusAsync(TestContext.Current.CancellationToken);
        status.ShouldAllBe(s => s.Generation == 2 && s.CanRollBack && s.Parked.Count == 0);
        await ShouldBeCompleteAsync();
    }

    [Fact]
    public async Task A_rollback_serves_the_old_tables_at_once_and_they_catch_up()
    {
        await Running.ReachAsync(await WriteAsync(new History(3), 100), [.. Operations.Names]);
        await Operations.RebuildAsync("TaskList", "test", TestContext.Current.CancellationToken);
        await Running.ReachAsync(await WriteAsync(new History(4), 50), [.. Operations.Names]);
        var before = await Tables.DumpAsync(Running, "TaskList");

        (await Operations.RollBackAsync("TaskList", TestContext.Current.CancellationToken)).ShouldBeTrue();
        var last = await Running.AppendAsync(Tenant, Guid.CreateVersion7(), Samples.Created(Project, 1));
        await Running.ReachAsync(last, "TaskList");

        var after = await Tables.DumpAsync(Running, "TaskList");
        after["task_list"].Count.ShouldBe(before["task_list"].Count + 1);
        before["task_list"].Except(after["task_list"]).ShouldBeEmpty();
        (await Operations.StatusAsync(TestContext.Current.CancellationToken)).Single(s => s.Projection == "TaskList").ShouldSatisfyAllConditions(s => s.Generation.ShouldBe(1), s => s.RolledBack.ShouldBeTrue());
        await ShouldBeCompleteAsync();

        // Forward again: what serves is the newest, and nothing is rolled back any more.
        (await Operations.RollBackAsync("TaskList", TestContext.Current.CancellationToken)).ShouldBeTrue();
        await Running.ReachAsync(last, "TaskList");
        (await Operations.StatusAsync(TestContext.Current.CancellationToken)).Single(s => s.Projection == "TaskList").ShouldSatisfyAllConditions(s => s.Generation.ShouldBe(2), s => s.RolledBack.ShouldBeFalse());
        await ShouldBeCompleteAsync();
    }

    [Fact]
    public async Task Rows_that_were_tampered_with_are_listed_and_put_right()
    {
        await Running.ReachAsync(await WriteAsync(new History(5), 60), [.. Operations.Names]);
        await ExecuteAsync("update task_list set title = 'tampered' where task_id = (select task_id from task_list limit 1)");
        await ExecuteAsync("delete from task_labels");

        var compared = (await Operations.CompareAsync("TaskList", "test", TestContext.Current.CancellationToken)).ShouldNotBeNull();
        compared.State.ShouldBe(BuildStates.Verified);
        compared.RowsDifferent!.Value.ShouldBeGreaterThan(1);
        compared.Differences.ShouldContain("tampered");

        await Operations.RebuildAsync("TaskList", "test", TestContext.Current.CancellationToken);
        (await Operations.CompareAsync("TaskList", "test", TestContext.Current.CancellationToken))!.RowsDifferent.ShouldBe(0);
    }

    [Fact]
    public async Task An_event_that_cannot_be_folded_parks_its_stream_and_is_released_in_order()
    {
        var bad = Guid.CreateVersion7();
        await Running.AppendAsync(Tenant, bad, Samples.Created(Project, 1, "First"));
        var poisoned = await Running.AppendAsync(Tenant, bad, new TaskRetitled("First", "Second"));
        await Running.ReachAsync(poisoned, "TaskList", "TaskDetail");
        await Running.StopAsync();
        // A foreign writer: an event of a known alias whose data is of another shape, and a good one behind it.
        await ExecuteAsync(
            """
            with stream as (update mt_streams set version = 4 where id = $1 returning id)
            insert into mt_events (seq_id, id, stream_id, version, data, type, timestamp, tenant_id)
            select nextval('mt_events_sequence'), gen_random_uuid(), $1, v.version, v.data, v.type, now(), $2
            from (values (3, '{"to": 7}'::jsonb, 'task_retitled'), (4, '{"from": "todo", "to": "done"}'::jsonb, 'task_status_changed')) v (version, data, type)
            order by v.version
            """,
            bad,
            Tenant.Value);
        await Running.StartAsync();
        var other = await Running.AppendAsync(Tenant, Guid.CreateVersion7(), Samples.Created(Project, 2));
        await Running.ReachAsync(other, "TaskList", "TaskDetail");

        var parked = (await Operations.StatusAsync(TestContext.Current.CancellationToken)).Single(s => s.Projection == "TaskList").Parked.Single();
        parked.Version.ShouldBe(3);
        parked.Waiting.ShouldBe(2);
        parked.Error.ShouldContain("task_retitled");
        (await ColumnAsync<short>("select status from task_list where task_id = $1", bad)).ShouldBe((short)WorkStatus.Todo);
        await ShouldBeCompleteAsync();

        (await Operations.ReleaseAsync("TaskList", Tenant, bad, TestContext.Current.CancellationToken)).Released.ShouldBeFalse();
        await ExecuteAsync("update mt_events set data = '{\"from\": \"Second\", \"to\": \"Third\"}' where stream_id = $1 and version = 3", bad);
        var positions = Running.Get<ProjectionPositions>();
        var resets = positions.Resets;
        var released = await Operations.ReleaseAsync("TaskList", Tenant, bad, TestContext.Current.CancellationToken);
        released.Released.ShouldBeTrue();
        // Whoever keeps answers is told that rows changed without an event.
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (positions.Resets == resets)
        {
            late.Token.ThrowIfCancellationRequested();
            await ColumnAsync<short>("select status from task_list where task_id = $1", bad);
        }

        released.Folded.ShouldBe(2);
        (await ColumnAsync<string>("select title from task_list where task_id = $1", bad)).ShouldBe("Third");
        (await ColumnAsync<short>("select status from task_list where task_id = $1", bad)).ShouldBe((short)WorkStatus.Done);

        // The other projection leaves the event out instead, on record, and so does its rebuild.
        (await Operations.SkipAsync("TaskDetail", Tenant, bad, "was never meant", "ann", TestContext.Current.CancellationToken)).Released.ShouldBeTrue();
        await ShouldBeCompleteAsync();
        var build = await Operations.RebuildAsync("TaskDetail", "test", TestContext.Current.CancellationToken);
        build!.RowsDifferent.ShouldBe(0, build.Differences);
        var next = await Running.AppendAsync(Tenant, bad, new TaskArchived());
        await Running.ReachAsync(next, "TaskList", "TaskDetail");
        await ShouldBeCompleteAsync();
    }

    [Fact]
    public async Task An_event_whose_row_the_tables_refuse_is_the_one_that_parks_and_is_released_when_it_was_mended()
    {
        var bad = Guid.CreateVersion7();
        await Running.ReachAsync(await Running.AppendAsync(Tenant, bad, Samples.Created(Project, 1, "First")), "TaskList");
        await Running.StopAsync();
        // Folded without complaint, but no index takes a rank as long as this. What comes before it in the same page is not to blame.
        await ExecuteAsync(
            """
            with stream as (update mt_streams set version = 4 where id = $1 returning id)
            insert into mt_events (seq_id, id, stream_id, version, data, type, timestamp, tenant_id)
            select nextval('mt_events_sequence'), gen_random_uuid(), $1, v.version, v.data, v.type, now(), $2
            from (values (2, '{"from": "none", "to": "high"}'::jsonb, 'task_prioritised'),
                         (3, jsonb_build_object('rank', (select string_agg(md5(n::text), '') from generate_series(1, 500) n)), 'task_reranked'),
                         (4, '{"from": "todo", "to": "done"}'::jsonb, 'task_status_changed')) v (version, data, type)
            order by v.version
            """,
            bad,
            Tenant.Value);
        await Running.StartAsync();
        await Running.ReachAsync(await Running.AppendAsync(Tenant, Guid.CreateVersion7(), Samples.Created(Project, 2)), "TaskList");
        var parked = (await Operations.StatusAsync(TestContext.Current.CancellationToken)).Single(s => s.Projection == "TaskList").Parked.Single();
        (parked.Version, parked.EventType).ShouldBe((3, "task_reranked"));
        parked.Error.ShouldContain("index row");

        var still = await Operations.ReleaseAsync("TaskList", Tenant, bad, TestContext.Current.CancellationToken);
        (still.Found, still.Released).ShouldBe((true, false));
        still.Error!.ShouldContain("index row");
        await ShouldBeCompleteAsync();
        await ExecuteAsync("update mt_events set data = '{\"rank\": \"h\"}' where stream_id = $1 and version = 3", bad);
        (await Operations.ReleaseAsync("TaskList", Tenant, bad, TestContext.Current.CancellationToken)).Released.ShouldBeTrue();
        (await ColumnAsync<string>("select rank from task_list where task_id = $1", bad)).ShouldBe("h");
        (await ColumnAsync<short>("select status from task_list where task_id = $1", bad)).ShouldBe((short)WorkStatus.Done);
        await ShouldBeCompleteAsync();
    }

    [Fact]
    public async Task An_event_without_what_its_type_promises_parks_its_stream_in_every_view_that_folds_it()
    {
        var bad = Guid.CreateVersion7();
        await Running.ReachAsync(await Running.AppendAsync(Tenant, bad, Samples.Created(Project, 1, "First")), [.. Operations.Names]);
        await ExecuteAsync(
            """
            with stream as (update mt_streams set version = 2 where id = $1 returning id)
            insert into mt_events (seq_id, id, stream_id, version, data, type, timestamp, tenant_id)
            select nextval('mt_events_sequence'), gen_random_uuid(), id, 2, '{}', 'task_retitled', now(), $2
            from stream
            """,
            bad,
            Tenant.Value);
        await Running.ReachAsync(await Running.AppendAsync(Tenant, Guid.CreateVersion7(), Samples.Created(Project, 2)), [.. Operations.Names]);

        var views = Running.Get<IEnumerable<Projection>>().Where(p => p.Handles("task_retitled")).Select(p => p.Name).Order(StringComparer.Ordinal).ToList();
        await ShouldBeParkedAsync();
        foreach (var name in views)
            (await Operations.RebuildAsync(name, "test", TestContext.Current.CancellationToken))!.RowsDifferent.ShouldBe(0, name);
        await ShouldBeParkedAsync();

        async Task ShouldBeParkedAsync()
        {
            var parked = (await Operations.StatusAsync(TestContext.Current.CancellationToken)).Where(s => s.Parked.Count > 0).ToList();
            parked.Select(s => s.Projection).Order(StringComparer.Ordinal).ShouldBe(views);
            parked.ShouldAllBe(s => s.Parked.Single().Version == 2 && s.Parked.Single().Error.Contains("task_retitled"));
            (await ColumnAsync<string>("select title from task_list where task_id = $1", bad)).ShouldBe("First");
            (await ColumnAsync<string>("select document::jsonb ->> 'title' from task_detail where task_id = $1", bad)).ShouldBe("First");
            await ShouldBeCompleteAsync();
        }
    }

    [Fact]
    public async Task A_dropped_event_is_caught()
    {
        await Running.ReachAsync(await WriteAsync(new History(6), 40), [.. Operations.Names]);
        await ShouldBeCompleteAsync();

        // As if a feed had passed over an event that became visible late: it is in the store, below the position, and in no table.
        await ExecuteAsync(
            """
            insert into mt_events (seq_id, id, stream_id, version, data, type, timestamp, tenant_id)
            select 0, gen_random_uuid(), e.stream_id, 999, e.data, e.type, e.timestamp, e.tenant_id
            from mt_events e
            where e.seq_id = 1
            """);

        var found = await Operations.VerifyAsync(Operations.Names, TestContext.Current.CancellationToken);
        found.ShouldAllBe(f => f.Incomplete.Count == 1);
        var lost = found[0].Incomplete.Single();
        lost.Stored.ShouldBe(lost.Folded + 1);
    }

    [Fact]
    public async Task What_the_store_lost_or_says_otherwise_is_caught()
    {
        var last = await WriteAsync(new History(16), 40);
        await Running.ReachAsync(last, [.. Operations.Names]);
        var ledger = Running.Get<EventLedger>();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (await ledger.ProgressAsync(TestContext.Current.CancellationToken) < last)
            await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);

        await ExecuteAsync("update mt_events set data = data || '{\"forged\": true}' where seq_id = 5");
        var (found, altered) = await Operations.VerifyWithStoreAsync(Operations.Names, TestContext.Current.CancellationToken);
        found.ShouldAllBe(f => f.IsComplete);
        altered.Single().After.ShouldBeLessThan(5);
        altered.Single().UpTo.ShouldBeGreaterThanOrEqualTo(5);

        await ExecuteAsync("delete from mt_events where seq_id = 9");
        (found, _) = await Operations.VerifyWithStoreAsync(Operations.Names, TestContext.Current.CancellationToken);
        found.ShouldAllBe(f => f.Incomplete.Count == 1);
        var lost = found[0].Incomplete.Single();
        lost.Stored.ShouldBe(lost.Recorded - 1);
        lost.Folded.ShouldBe(lost.Recorded);
        (await Operations.StatusAsync(TestContext.Current.CancellationToken)).ShouldAllBe(s => s.Proof!.Incomplete.Contains(lost.Tenant) && s.Proof.Altered!.Contains("after"));
    }

    [Fact]
    public async Task A_paused_projection_stands_still_and_goes_on_where_it_stopped()
    {
        await Running.ReachAsync(await WriteAsync(new History(7), 20), [.. Operations.Names]);
        (await Operations.PauseAsync("TaskList", "ann", TestContext.Current.CancellationToken)).ShouldBeTrue();
        var paused = (await Operations.StatusAsync(TestContext.Current.CancellationToken)).Single(s => s.Projection == "TaskList").Position;
        var last = await WriteAsync(new History(8), 20);
        await Running.ReachAsync(last, "TaskDetail");
        (await Running.Get<ProjectionPositions>().WaitAsync("TaskList", last, TimeSpan.FromMilliseconds(100), TestContext.Current.CancellationToken)).ShouldBe(new PositionWait(Reached: false, paused));

        (await Operations.ResumeAsync("TaskList", TestContext.Current.CancellationToken)).ShouldBeTrue();
        await Running.ReachAsync(last, "TaskList");
        await ShouldBeCompleteAsync();
    }

    [Fact]
    public async Task A_build_whose_process_died_is_gone_on_with_by_another()
    {
        await Running.ReachAsync(await WriteAsync(new History(9), 200), [.. Operations.Names]);
        foreach (var state in new[] { BuildStates.Copying, BuildStates.Indexing, BuildStates.CatchingUp })
        {
            // A build that its process left in this state; its lease has run out.
            var owner = Guid.CreateVersion7();
            var projection = Running.Get<IEnumerable<Projection>>().Single(p => p.Name == "TaskList");
            using var killed = new CancellationTokenSource();
            var build = (await Running.Get<ProjectionRebuild>().BeginAsync(projection, switches: true, owner, "test", TestContext.Current.CancellationToken)).ShouldNotBeNull();
            var running = Running.Get<ProjectionRebuild>().RunAsync(projection, build, owner, killed.Token);
            await UntilAsync(state, build.Generation);
            await killed.CancelAsync();
            await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            await ExecuteAsync("update projection_builds set lease_until = now() - interval '1 second' where generation = $1", build.Generation);

            await Operations.ResumeBuildAsync("TaskList", Guid.CreateVersion7(), TestContext.Current.CancellationToken);

            var status = (await Operations.StatusAsync(TestContext.Current.CancellationToken)).Single(s => s.Projection == "TaskList");
            status.Generation.ShouldBe(build.Generation);
            status.Build!.State.ShouldBe(BuildStates.Switched);
            status.Build.RowsDifferent.ShouldBe(0, status.Build.Differences);
        }

        await ShouldBeCompleteAsync();
    }

    [Fact]
    public async Task A_higher_version_in_code_is_built_beside_the_old_one_and_takes_over()
    {
        var last = await WriteAsync(new History(10), 80);
        await Running.ReachAsync(last, [.. Operations.Names]);
        await Running.StopAsync();
        await using var deployed = await Service.On(Database, more: services =>
        {
            services.AddSingleton<Projection, ShoutingProjectList>();
            services.Remove(services.Single(s => s.ImplementationType == typeof(ProjectList.ProjectListProjection)));
        }).StartAsync();

        await deployed.ReachAsync(last, "ProjectList");
        while ((await deployed.Get<ProjectionOperations>().StatusAsync(TestContext.Current.CancellationToken)).Single(s => s.Projection == "ProjectList").Version != 2)
            await deployed.Get<RebuildSupervisor>().RunOnceAsync(TestContext.Current.CancellationToken);
        var further = await deployed.AppendAsync(Tenant, Guid.CreateVersion7(), Samples.Project("NEW", "new"));
        await deployed.ReachAsync(further, "ProjectList");

        (await ColumnAsync<long>("select last_seq_id from mt_event_progression where name = 'ProjectList:V2:All'")).ShouldBe(further);
        (await ColumnAsync<long>("select count(*) from project_list where name <> upper(name)")).ShouldBe(0);
    }

    private async Task UntilAsync(string state, int generation)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        string[] order = [BuildStates.Copying, BuildStates.Indexing, BuildStates.CatchingUp, BuildStates.Comparing, BuildStates.Switched];
        while (Array.IndexOf(order, await ColumnAsync<string>("select state from projection_builds where generation = $1", generation)) < Array.IndexOf(order, state))
            await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
    }

    private async Task ShouldBeCompleteAsync()
    {
        foreach (var found in await Operations.VerifyAsync(Operations.Names, TestContext.Current.CancellationToken))
            found.Incomplete.ShouldBeEmpty(found.Projection);
    }

    private async Task<long> WriteAsync(History history, int times)
    {
        var last = 0L;
        for (var i = 0; i < times; i++)
        {
            var (to, stream, events) = history.Next();
            last = await Running.AppendAsync(to, stream, events);
        }

        return last;
    }

    private async Task<long> WriteOnAsync(History history, CancellationToken stop)
    {
        var last = 0L;
        while (!stop.IsCancellationRequested)
            last = await WriteAsync(history, 1);
        return last;
    }

    private async Task<int> ReadOnAsync(CancellationToken stop)
    {
        var reads = 0;
        for (; !stop.IsCancellationRequested; reads++)
        {
            await Running.Get<TaskListQuery>().RunAsync(new TenantId("acme corp."), TaskListFilter.All, TaskListSort.NewestFirst, null, 50, CancellationToken.None);
            await Running.Get<TaskDetail.TaskDetailQuery>().FindAsync(Tenant, Guid.CreateVersion7(), CancellationToken.None);
        }

        return reads;
    }

    private async Task ExecuteAsync(string sql, params object[] values)
    {
        await using var command = Database.DataSource.CreateCommand(sql);
        foreach (var value in values)
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        await command.ExecuteNonQueryAsync();
    }

    private async Task<T> ColumnAsync<T>(string sql, params object[] values)
    {
        await using var command = Database.DataSource.CreateCommand(sql);
        foreach (var value in values)
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        return (T)(await command.ExecuteScalarAsync())!;
    }
}
