using Events.Http.Hosting;

return await CommandTable.RunAsync(args);
