using Events.Commands.Mail;
using Events.EventStore;
using Events.Messaging;
using Events.Messaging.Handlers;
using Events.Messaging.Retrying;
using Events.Platform.Migrations;
using Events.Platform.Pacing;
using Events.Workers.Backups;
using Events.Workers.Enrichment;
using Events.Workers.Exports;
using Events.Workers.Files;
using Events.Workers.Imports;
using Events.Workers.Imports.Running;
using Events.Workers.Mail;
using Events.Workers.Notifications;
using Events.Workers.Pacing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Events.Workers;

public static class WorkerServices
{
    /// <summary>Long work that is neither a request nor a projection: imports, exports. Every role may send it; the role <c>jobs</c> runs it.</summary>
    public static IServiceCollection AddWorkers(this IServiceCollection services)
    {
        services.AddMigrations(typeof(WorkerServices).Assembly);
        services.AddMessaging(Register);
        return services.AddPacing().AddFiles().AddImports().AddExports().AddNotifications().AddEnrichment();
    }

    /// <summary>What the role <c>jobs</c> does by itself, besides working messages off.</summary>
    public static IServiceCollection AddFollowers(this IServiceCollection services) => services.AddHostedService<NotificationFollower>();

    private static IServiceCollection AddPacing(this IServiceCollection services)
    {
        services.AddOptions<PaceOptions>().BindConfiguration(PaceOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        return services
            .AddSingleton(provider => provider.GetRequiredService<IOptions<PaceOptions>>().Value)
            .AddSingleton<WorkPace>();
    }

    private static IServiceCollection AddFiles(this IServiceCollection services) => services
        .AddSingleton<FileTable>()
        .AddSingleton<FileStore>()
        .AddSingleton<FileSweep>();

    private static IServiceCollection AddImports(this IServiceCollection services)
    {
        services.AddOptions<ImportOptions>().BindConfiguration(ImportOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        return services
            .AddSingleton(provider => provider.GetRequiredService<IOptions<ImportOptions>>().Value)
            .AddSingleton<ImportTable>()
            .AddSingleton<ImportRows>()
            .AddSingleton<ImportMappings>()
            .AddSingleton<ImportProjects>()
            .AddSingleton<ImportLabels>()
            .AddSingleton<ImportReport>()
            .AddSingleton<ImportPreview>()
            .AddSingleton<TaskImport>()
            .AddSingleton<ImportUndo>()
            .AddSingleton<Restore>();
    }

    private static IServiceCollection AddExports(this IServiceCollection services) => services
        .AddSingleton<WorkspaceEvents>()
        .AddSingleton<BackupWriter>()
        .AddSingleton<TaskExport>();

    private static IServiceCollection AddNotifications(this IServiceCollection services)
    {
        services.AddOptions<MailOptions>().BindConfiguration(MailOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        return services
            .AddSingleton<MailSender>()
            .AddSingleton<PreferenceTable>()
            .AddSingleton<Recipients>()
            .AddSingleton<Reminders>();
    }

    private static IServiceCollection AddEnrichment(this IServiceCollection services)
    {
        services.AddOptions<EnrichmentOptions>().BindConfiguration(EnrichmentOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddEventStore(SuggestionState.AddTo);
        return services
            .AddAggregate(SuggestionState.Aggregate)
            .AddSingleton<Suggestions>()
            .AddSingleton<IEnricher>(provider =>
            {
                var options = provider.GetRequiredService<IOptions<EnrichmentOptions>>();
                return options.Value.Url is null ? new ExtractiveEnricher() : new ChatEnricher(new HttpClient(), options);
            });
    }

    private static void Register(MessagingBuilder messages)
    {
        // An attempt may take long; a worker that dies is noticed by its heartbeat, not by this limit.
        var day = TimeSpan.FromHours(24);
        var patient = new RetryPolicy { Attempts = 8 };
        messages
            .Queue("transfers", concurrency: 4, tenantConcurrency: 2, prefetch: 0)
            .Handle<ImportTasks, ImportTasksHandler>("import_tasks", "transfers", patient, day, isJob: true, ImportJson.Default.ImportTasks)
            .Handle<UndoImport, UndoImportHandler>("undo_import", "transfers", patient, day, isJob: true, ImportJson.Default.UndoImport)
            .Handle<ExportWorkspace, ExportWorkspaceHandler>("export_workspace", "transfers", patient, day, isJob: true, ExportJson.Default.ExportWorkspace)
            .Handle<SweepFiles, SweepFilesHandler>("sweep_files", isJob: true)
            .Handle<SendMail, SendMailHandler>(SendMail.MessageType, SendMail.Queue, patient, TimeSpan.FromMinutes(2), json: MailJson.Default.SendMail)
            .Handle<NotifyPerson, NotifyPersonHandler>("notify_person", SendMail.Queue, patient, TimeSpan.FromMinutes(2), json: NotificationJson.Default.NotifyPerson)
            .Handle<SendDigest, SendDigestHandler>("send_digest", SendMail.Queue, patient, TimeSpan.FromMinutes(2), json: NotificationJson.Default.SendDigest)
            .Handle<EnrichTask, EnrichTaskHandler>("enrich_task", null, patient, TimeSpan.FromMinutes(5), isJob: true, EnrichmentJson.Default.EnrichTask)
            .Handle<RemindOfDue, RemindOfDueHandler>("remind_of_due", isJob: true, json: NotificationJson.Default.RemindOfDue)
            .Handle<SendDigests, SendDigestsHandler>("send_digests", isJob: true, json: NotificationJson.Default.SendDigests)
            .Schedule("remind-of-due", "0 6 * * *", new RemindOfDue())
            .Schedule("send-digests", "30 6 * * 1-5", new SendDigests())
            .Schedule("sweep-files", "17 3 * * *", new SweepFiles());
    }
}
